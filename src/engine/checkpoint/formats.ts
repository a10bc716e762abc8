/**
 * Formats that a folder may hold instead of safetensors: what they are, and what converts them. None is ever opened:
 * most are pickles, and reading a pickle runs whatever program it holds.
 */
import { FrankensteinError } from '../errors.js';
import { shown } from './failure.js';

interface ForeignFormat {
  /** Of a file or folder name. */
  name: RegExp;
  is: string;
  convert: string;
}

/** Specific before general: an FSDP folder of verl is full of `.pt` files. */
const FOREIGN_FORMATS: readonly ForeignFormat[] = [
  {
    name: /^adapter_model\.bin$/,
    is: 'an adapter (LoRA) stored as a PyTorch pickle',
    convert: 'load it with PEFT where you trust it and call save_pretrained(OUT, safe_serialization=True)',
  },
  {
    name: /^model_world_size_\d+_rank_\d+\.pt$/,
    is: 'an FSDP checkpoint of verl, one pickle per rank',
    convert: 'convert it with "python -m verl.model_merger merge --backend fsdp --local_dir FOLDER --target_dir OUT"',
  },
  {
    name: /^(?:bf16_|fp16_)?zero_pp_rank_|^zero_to_fp32\.py$/,
    is: 'a DeepSpeed ZeRO checkpoint, one pickle per rank',
    convert:
      'convert it with the zero_to_fp32.py that DeepSpeed put beside it: "python zero_to_fp32.py . ' +
      'OUT --safe_serialization"',
  },
  {
    name: /^latest_checkpointed_iteration\.txt$|^model_optim_rng\.pt$|^mp_rank_\d+(?:_\d+)*$|^iter_\d{7}$|^common\.pt$/,
    is: 'a Megatron checkpoint',
    convert:
      'export it to the Hugging Face format with Megatron-Bridge (AutoBridge.export_ckpt) or the converter of ' +
      'the trainer that wrote it',
  },
  {
    name: /^mp_rank_\d+_model_states\.pt$|^global_step\d+$/,
    is: 'a DeepSpeed checkpoint (pickles)',
    convert:
      'convert it with the zero_to_fp32.py that DeepSpeed put beside it: "python zero_to_fp32.py . ' +
      'OUT --safe_serialization"',
  },
  {
    name: /\.distcp$|^\.metadata$|^pytorch_model_fsdp_\d+$/,
    is: 'a PyTorch distributed checkpoint (FSDP)',
    convert:
      'convert it with "accelerate merge-weights FOLDER OUT", or "python -m ' +
      'torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER out.pt" and save_pretrained',
  },
  {
    name: /\.gguf$/i,
    is: 'GGUF, the format of llama.cpp, mostly quantised',
    convert:
      'use the safetensors it was made from, or load it with transformers (from_pretrained(FOLDER, ' +
      'gguf_file=FILE)) and call save_pretrained',
  },
  {
    name: /\.bin(?:\.index\.json)?$/,
    is: 'PyTorch pickles (.bin)',
    convert: 'load it with transformers where you trust it and call save_pretrained(OUT, safe_serialization=True)',
  },
  {
    name: /\.(?:pt|pth|ckpt|pickle|pkl)$/,
    is: 'PyTorch pickles',
    convert:
      'load it in PyTorch where you trust it and write the model with save_pretrained(OUT, safe_serialization=True)',
  },
  {
    name: /\.(?:h5|keras)$|^tf_model/,
    is: 'a TensorFlow checkpoint',
    convert: 'load it with transformers (from_tf=True) and call save_pretrained',
  },
  {
    name: /\.msgpack$/,
    is: 'a Flax checkpoint',
    convert: 'load it with transformers (from_flax=True) and call save_pretrained',
  },
  { name: /\.onnx$/, is: 'an exported ONNX graph', convert: 'use the safetensors it was exported from' },
  { name: /\.npz$/, is: 'NumPy arrays (.npz)', convert: 'write them with safetensors.numpy.save_file' },
];

/** The error that says what `path` is, or undefined when `names` (its entries, or its own name) tell nothing. */
export function foreignFormat(path: string, names: readonly string[]): FrankensteinError | undefined {
  const format = FOREIGN_FORMATS.find(({ name }) => names.some((entry) => name.test(entry)));
  if (format === undefined) return undefined;
  const example = names.filter((entry) => format.name.test(entry)).sort()[0] ?? '';
  const where =
    names.length === 1 && path.endsWith(example)
      ? shown(path)
      : `${shown(path)} holds ${shown(example)} and no safetensors file: it`;
  return new FrankensteinError('unsupported', `${where} is ${format.is}; ${format.convert}.`);
}
