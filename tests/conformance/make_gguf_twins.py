#!/usr/bin/env python3
"""Writes models twice, as transformers saves them and as llama.cpp's converter lays them out: tests/data/twins.

    make_gguf_twins.py tests/data/twins

NAME.safetensors beside each tests/data/gguf-models/NAME.gguf, before anything was rounded; and NAME.safetensors with
NAME.gguf for further types. Also the same model as other conventions store it: Meta's own names, Flax, TensorFlow.
Needs what make_gguf_models.py needs.
"""
import pathlib
import struct
import sys

import gguf
import numpy
import torch
import transformers
from safetensors.numpy import save_file

from make_architectures import MODELS, build
from make_gguf_models import ENCODERS as RUN_ENCODERS, FILES, build_encoder, for_interleaved_pairs, key_heads, laid_out

OTHERS = {
    'gpt2': ('gpt2', *MODELS['gpt2-untied-inverse-layer'], 'F16'),
    'gpt2-tied': ('gpt2', *MODELS['gpt2-tied'], 'F32'),
    'mixtral': ('llama', *MODELS['mixtral'], 'BF16'),
    'mistral': ('llama', *MODELS['mistral-no-window'], 'F16'),
}


BERT = dict(vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=32)
T5 = dict(vocab_size=40, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2)
# Encoders: GGUF architecture, class, configuration, type of tensors with rows of whole blocks.
ENCODERS = {
    'bert': ('bert', transformers.BertModel, transformers.BertConfig(**BERT), 'Q8_0'),
    't5': ('t5', transformers.T5ForConditionalGeneration, transformers.T5Config(
        **T5, feed_forward_proj='gated-gelu', tie_word_embeddings=False), 'Q5_1'),
}


def write_gguf(path, arch, config, tensors, kind):
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(key_heads(config))
    converted = laid_out(arch, config, tensors)
    if arch == 'gpt2':
        converted.setdefault('output.weight', converted['token_embd.weight'])
    for name, array in converted.items():
        add(writer, name, array, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add(writer, tensor_name, array, kind):
    if array.ndim == 1 or kind == 'F32' or 'attn_rel_b' in tensor_name:
        writer.add_tensor(tensor_name, array.astype(numpy.float32))
    elif kind == 'F16':
        writer.add_tensor(tensor_name, array.astype(numpy.float16))
    else:
        quant = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(tensor_name, gguf.quants.quantize(array, quant), raw_dtype=quant)


def tensors_of(name, family, arguments):
    model, _ = build(name, family, arguments)
    return model.config, {n: p.detach().numpy().copy() for n, p in model.named_parameters()}


def write_encoder(out, name, arch, model_class, config, kind):
    torch.manual_seed(len(name))
    model = model_class(config)
    tensors = {n: p.detach().numpy().copy() + 0.01 for n, p in model.named_parameters()}
    # Saved as a whole: the class's own prefix in front.
    prefix = 'bert.' if arch == 'bert' else ''
    save_file({prefix + n: t for n, t in tensors.items() if not n.startswith('pooler.')}, out / f'{name}.safetensors')
    write_gguf(out / f'{name}.gguf', arch, config,
               {n: t for n, t in tensors.items() if not n.startswith('pooler.')}, kind)


META = {'self_attn.q_proj': 'attention.wq', 'self_attn.k_proj': 'attention.wk', 'self_attn.v_proj': 'attention.wv',
        'self_attn.o_proj': 'attention.wo', 'mlp.gate_proj': 'feed_forward.w1', 'mlp.down_proj': 'feed_forward.w2',
        'mlp.up_proj': 'feed_forward.w3', 'input_layernorm': 'attention_norm', 'post_attention_layernorm': 'ffn_norm',
        'embed_tokens': 'tok_embeddings', 'lm_head': 'output'}


def as_meta(config, tensors):
    out = {}
    for name, array in tensors.items():
        if 'q_proj' in name or 'k_proj' in name:
            heads = config.num_attention_heads if 'q_proj' in name else config.num_key_value_heads
            array = for_interleaved_pairs(array, heads)
        name = name.removeprefix('model.')
        for old, new in META.items():
            name = name.replace(old, new)
        out[name] = array
    return out


def as_flax(tensors):
    """As transformers' modeling_flax_pytorch_utils names and turns them."""
    out = {}
    for name, array in tensors.items():
        path = name.split('.')
        if path[-1] == 'weight' and ('wte' in path or 'wpe' in path or 'embed_tokens' in path):
            path[-1] = 'embedding'
        elif path[-1] == 'weight' and (array.ndim == 1):
            path[-1] = 'scale' if 'norm' not in path[-2] else 'weight'
        elif path[-1] == 'weight':
            path[-1], array = 'kernel', array.T
        out['/'.join(path)] = array
    return out


def as_tensorflow(tensors):
    """As the variables of transformers' TFGPT2LMHeadModel."""
    out = {}
    for name, array in tensors.items():
        path = name.split('.')
        if path[1] == 'h':
            path[1:3] = [f'h_._{path[2]}']
        if path[-1] == 'weight' and (path[-2].startswith('ln_')):
            path[-1] = 'gamma'
        elif path[-1] == 'bias' and (path[-2].startswith('ln_')):
            path[-1] = 'beta'
        elif path[-1] == 'weight' and path[-2] in ('wte', 'wpe'):
            path[-1] = 'embeddings'
        elif path[-1] == 'bias':
            array = array.reshape(1, -1)  # As TFConv1D holds it.
        out['tfgpt2lm_head_model/' + '/'.join(path) + ':0'] = array
    return out


def msgpack(value):
    """Bytes of a tree of maps with arrays as Flax writes them (extension 1)."""
    if isinstance(value, dict):
        body = b''.join(msgpack(key) + msgpack(item) for key, item in value.items())
        return b'\xde' + struct.pack('>H', len(value)) + body
    if isinstance(value, str):
        return b'\xd9' + bytes([len(value.encode())]) + value.encode()
    if isinstance(value, int):
        return b'\xce' + struct.pack('>I', value)
    if isinstance(value, tuple):
        return bytes([0x90 + len(value)]) + b''.join(map(msgpack, value))
    if isinstance(value, bytes):
        return b'\xc6' + struct.pack('>I', len(value)) + value
    array = numpy.ascontiguousarray(value)
    inner = msgpack((tuple(array.shape), array.dtype.name, array.tobytes()))
    return b'\xc9' + struct.pack('>Ib', len(inner), 1) + inner


def nested(tensors):
    tree = {}
    for name, array in tensors.items():
        *path, leaf = name.split('/')
        into = tree
        for part in path:
            into = into.setdefault(part, {})
        into[leaf] = array
    return tree


def contiguous(tensors):
    return {name: numpy.ascontiguousarray(array) for name, array in tensors.items()}


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, (_, family, arguments, _) in FILES.items():
        save_file(tensors_of(name, family, arguments)[1], out / f'{name}.safetensors')
    for name in RUN_ENCODERS:
        tensors = {n: p.detach().numpy().copy() for n, p in build_encoder(name)[0].named_parameters()}
        save_file(tensors, out / f'{name}.safetensors')
    for name, (arch, family, arguments, kind) in OTHERS.items():
        config, tensors = tensors_of(name, family, arguments)
        save_file(tensors, out / f'{name}.safetensors')
        write_gguf(out / f'{name}.gguf', arch, config, tensors, kind)
    for name, (arch, model_class, config, kind) in ENCODERS.items():
        write_encoder(out, name, arch, model_class, config, kind)
    config, tensors = tensors_of('llama-f32', *FILES['llama-f32'][1:3])
    torch.save({n: torch.from_numpy(t) for n, t in as_meta(config, tensors).items()}, out / 'llama-f32.meta.pth')
    (out / 'llama-f32.flax.msgpack').write_bytes(msgpack(nested(as_flax(tensors))))
    config, tensors = tensors_of('gpt2-tied', *OTHERS['gpt2-tied'][1:3])
    (out / 'gpt2-tied.flax.msgpack').write_bytes(msgpack(nested(as_flax(tensors))))
    numpy.savez(out / 'gpt2-tied.tensorflow.npz', **contiguous(as_tensorflow(tensors)))


if __name__ == '__main__':
    main()
