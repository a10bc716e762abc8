/**
 * A small typed layer over the ONNX protobuf: what our graphs need, named as ONNX names it.
 * A graph's weights are byte ranges of files (`external`), so a checkpoint is used where it lies.
 */
import { encodeModel } from './proto.js';

/** ONNX element types (TensorProto.DataType). */
export const ElementType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E5M2: 19,
} as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** Opset 26 brings BitCast, with which a weight's bits can be taken apart; ONNX Runtime 1.30 implements it. */
const OPSET = 26;
const IR_VERSION = 10;
/** ONNX Runtime's own operators; named by `Graph.microsoft`. */
const MICROSOFT = 'com.microsoft';

/** A value in a graph: the output of a node, an input, or an initializer. */
export interface Value {
  readonly name: string;
}

/** Bytes of a file: `location` relative to the folder the session is given. */
export interface FileRange {
  location: string;
  /** Bytes. */
  offset: number;
  length: number;
}

export type Attribute = number | { ints: readonly number[] } | { float: number } | { text: string } | { graph: Graph };

const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_GRAPH = 5;
const ATTRIBUTE_INTS = 7;

/** A dimension: a size, or a name where the size is only known at run time. */
export type Dimension = number | string;

export class Graph {
  private readonly nodes: object[] = [];
  private readonly initializers: object[] = [];
  private readonly inputs: object[] = [];
  private readonly outputs: object[] = [];
  private usesMicrosoft = false;

  /** `prefix` keeps the names of a subgraph apart from those of the graph around it. */
  constructor(private readonly prefix = '') {}

  private fresh(hint: string): Value {
    return { name: `${this.prefix}${hint}_${this.nodes.length + this.initializers.length + this.inputs.length}` };
  }

  /** Adds a node with one output. Attributes that are plain numbers are integers. */
  node(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.nodeOf(op, inputs, 1, attributes)[0]!;
  }

  /** Adds a node with one output whose operator is ONNX Runtime's own (`com.microsoft`), not ONNX's. */
  microsoft(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.microsoftOf(op, inputs, 1, attributes)[0]!;
  }

  /** The same with several outputs. */
  microsoftOf(
    op: string,
    inputs: readonly Value[],
    outputs: number,
    attributes: Record<string, Attribute> = {},
  ): Value[] {
    this.usesMicrosoft = true;
    return this.nodeOf(op, inputs, outputs, attributes, MICROSOFT);
  }

  /** Adds a node with several outputs. */
  nodeOf(
    op: string,
    inputs: readonly Value[],
    outputs: number,
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value[] {
    const { name } = this.fresh(op);
    // The model names its operator sets once, for its subgraphs too.
    for (const value of Object.values(attributes))
      if (typeof value === 'object' && 'graph' in value) this.usesMicrosoft ||= value.graph.usesMicrosoft;
    const values = Array.from({ length: outputs }, (_, index) => ({ name: outputs === 1 ? name : `${name}.${index}` }));
    this.nodes.push({
      name,
      opType: op,
      ...(domain === '' ? {} : { domain }),
      input: inputs.map((input) => input.name),
      output: values.map((value) => value.name),
      attribute: Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value)),
    });
    return values;
  }

  /** A weight that stays where it is on disk. */
  external(type: ElementType, dims: readonly number[], range: FileRange): Value {
    const value = this.fresh('weight');
    this.initializers.push({
      name: value.name,
      dims,
      dataType: type,
      dataLocation: 1,
      externalData: [
        { key: 'location', value: range.location },
        { key: 'offset', value: String(range.offset) },
        { key: 'length', value: String(range.length) },
      ],
    });
    return value;
  }

  /** A constant held in the model itself. `data` is the raw little-endian content. */
  constant(type: ElementType, dims: readonly number[], data: ArrayBufferView): Value {
    const value = this.fresh('constant');
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name: value.name, dims, dataType: type, rawData });
    return value;
  }

  /** A 1-D int64 constant: shapes, axes, split sizes. */
  ints(...values: number[]): Value {
    return this.constant(ElementType.INT64, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** An fp32 scalar. */
  scalar(value: number): Value {
    return this.constant(ElementType.FLOAT, [], Float32Array.of(value));
  }

  input(name: string, type: ElementType, dims: readonly Dimension[]): Value {
    const value = { name: this.prefix + name };
    this.inputs.push(valueInfo(value.name, type, dims));
    return value;
  }

  /** Declares an output under its own name. */
  output(name: string, value: Value, type: ElementType, dims: readonly Dimension[]): void {
    const named = this.prefix + name;
    this.nodes.push({ name: named, opType: 'Identity', input: [value.name], output: [named] });
    this.outputs.push(valueInfo(named, type, dims));
  }

  toProto(): object {
    return {
      name: this.prefix || 'graph',
      node: this.nodes,
      initializer: this.initializers,
      input: this.inputs,
      output: this.outputs,
    };
  }

  /** The whole as a model file's bytes. */
  encode(): Uint8Array {
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'frankenstein-lab',
      opsetImport: [{ domain: '', version: OPSET }, ...(this.usesMicrosoft ? [{ domain: MICROSOFT, version: 1 }] : [])],
      graph: this.toProto(),
    });
  }
}

function valueInfo(name: string, elemType: ElementType, dims: readonly Dimension[]): object {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function encodeAttribute(name: string, value: Attribute): object {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_INT, i: value };
  if ('ints' in value) return { name, type: ATTRIBUTE_INTS, ints: value.ints };
  if ('float' in value) return { name, type: ATTRIBUTE_FLOAT, f: value.float };
  if ('text' in value) return { name, type: ATTRIBUTE_STRING, s: new TextEncoder().encode(value.text) };
  return { name, type: ATTRIBUTE_GRAPH, g: value.graph.toProto() };
}
