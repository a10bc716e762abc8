/** The numbers of curves as a table: the figures' accessible twin. */
import { Numbers } from '../folding.js';
import { intervalText, numberRows, valueText, type CurveFigure } from './curves.js';
import type { ProbeModel } from './model.js';

const ROWS_SHOWN = 600;

export function CurveNumbers({
  id,
  model,
  figures,
}: {
  id: string;
  model: ProbeModel;
  figures: readonly CurveFigure[];
}) {
  const rows = numberRows(model, figures);
  return (
    <Numbers
      id={id}
      label="Numbers of the figures"
      count={rows.length}
      headings={['Layer', 'Region', 'Curve', figures[0]?.label ?? 'Value', '95%', 'n']}
      rows={() =>
        rows.slice(0, ROWS_SHOWN).map(({ depth, region, name, point, figure }, at) => (
          <tr key={at}>
            <th scope="row">{depth}</th>
            <td>{region}</td>
            <td class="text">{name}</td>
            <td>{valueText(figure, point.value)}</td>
            <td>{intervalText(figure, point)}</td>
            <td>{point.n}</td>
          </tr>
        ))
      }
      after={
        rows.length > ROWS_SHOWN ? <p class="muted">{`The first ${ROWS_SHOWN} rows; the CSV export has all.`}</p> : null
      }
    />
  );
}
