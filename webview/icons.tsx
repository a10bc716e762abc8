/** The few icons of the panel, drawn here: a webview has no codicon font unless one is shipped. */

const PATHS = {
  close: 'M4 4l8 8M12 4l-8 8',
  chevron: 'M4.5 6.5L8 10l3.5-3.5',
  warning: 'M8 2.5L14.2 13.5H1.8ZM8 6.5v3.4M8 11.4v.8',
  error: 'M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  info: 'M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12ZM8 7.2v4M8 4.8v.9',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4ZM10.1 10.1l3.4 3.4',
  arrow: 'M2.5 8h10.5M9.5 4.5L13 8l-3.5 3.5',
  export: 'M8 2.5v7.5M5 7l3 3l3-3M3 12.5h10',
  copy: 'M5.5 5.5h7v8h-7ZM3.5 10.5v-8h7',
  file: 'M4 2h5l3 3v9h-8ZM9 2v3h3',
  tensors: 'M3 3h10v10h-10ZM3 6.33h10M3 9.66h10M6.33 3v10M9.66 3v10',
  locate: 'M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8ZM8 1v3M8 12v3M1 8h3M12 8h3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, slot }: { name: IconName; slot?: string | undefined }) {
  return (
    <svg
      class={`icon icon-${name}`}
      slot={slot}
      width={16}
      height={16}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width={1.2}
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}
