#!/usr/bin/env python3
"""Writes tests/data/gguf-models: tiny models in GGUF, laid out as llama.cpp's converter does it, and what transformers
computes with the same weights.

    make_gguf_models.py tests/data/gguf-models [name ...]

Needs transformers 4.53, torch and gguf. Quantised tensors are dequantised before transformers computes.
"""
import math
import pathlib
import sys

import gguf
import numpy
import torch

from make_architectures import GEMMA, GQA, HEADS, MODELS, ROPE, build, write_golden

G2 = dict(GEMMA, sliding_window=5, query_pre_attn_scalar=8, attn_logit_softcapping=3.0, final_logit_softcapping=5.0)
G3 = dict(GEMMA, num_hidden_layers=6, sliding_window=5, query_pre_attn_scalar=8, rope_local_base_freq=10000.0)
# GGUF architecture, transformers' family and arguments, type of the tensors whose rows hold whole blocks.
FILES = {
    'llama-f32': ('llama', *MODELS['llama-gqa'], 'F32'),
    'llama-q8_0': ('llama', 'Llama', dict(HEADS, hidden_size=32, **ROPE), 'Q8_0'),
    'llama-llama3-f16': ('llama', *MODELS['llama-llama3'], 'F16'),
    'llama-linear-biases-f32': ('llama', 'Llama', dict(HEADS, attention_bias=True, **ROPE, rope_scaling=dict(
        rope_type='linear', factor=4.0)), 'F32'),
    'qwen2-q4_0': ('qwen2', 'Qwen2', dict(GQA, hidden_size=32, **ROPE), 'Q4_0'),
    'qwen3-f32': ('qwen3', *MODELS['qwen3-gqa'], 'F32'),
    'gemma-f32': ('gemma', *MODELS['gemma-mqa'], 'F32'),
    'gemma2-f32': ('gemma2', 'Gemma2', G2, 'F32'),
    'gemma3-f16': ('gemma3', 'Gemma3Text', G3, 'F16'),
    'phi2-f32': ('phi2', *MODELS['phi-partial'], 'F32'),
    'phi3-f32': ('phi3', *MODELS['phi3-partial'], 'F32'),
    'gptneox-f32': ('gptneox', *MODELS['gpt_neox-parallel'], 'F32'),
}


def for_interleaved_pairs(rows, heads):
    """Puts the two halves of each head's rows alternately: what llama.cpp rotates as pairs."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def converted(arch, config, name, array):
    if arch == 'llama' and ('q_proj' in name or 'k_proj' in name):
        heads = config.num_attention_heads if 'q_proj' in name else config.num_key_value_heads
        return for_interleaved_pairs(array, heads)
    if arch.startswith('gemma') and name.endswith('norm.weight'):
        return array + 1
    if arch == 'gptneox' and 'query_key_value' in name:
        heads = config.num_attention_heads
        return array.reshape(heads, 3, -1, *array.shape[1:]).swapaxes(0, 1).reshape(array.shape)
    return array


def rope_factors(config, head_size):
    scaling = config.rope_scaling
    low, high = scaling['low_freq_factor'], scaling['high_freq_factor']
    original, factors = scaling['original_max_position_embeddings'], []
    for i in range(0, head_size, 2):
        length = 2 * math.pi * config.rope_theta ** (i / head_size)
        if length < original / high:
            factors.append(1)
        elif length > original / low:
            factors.append(scaling['factor'])
        else:
            smooth = (original / length - low) / (high - low)
            factors.append(1 / ((1 - smooth) / scaling['factor'] + smooth))
    return numpy.array(factors, numpy.float32)


def write_keys(writer, arch, config, head_size):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(getattr(config, 'num_key_value_heads', config.num_attention_heads))
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(int(head_size * getattr(config, 'partial_rotary_factor', 1)))
    if hasattr(config, 'layer_norm_eps'):
        writer.add_layer_norm_eps(config.layer_norm_eps)
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if arch in ('gemma2', 'gemma3'):
        writer.add_sliding_window(config.sliding_window)
    if arch == 'gemma2':
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if arch == 'gptneox':
        writer.add_parallel_residual(config.use_parallel_residual)
    scaling = getattr(config, 'rope_scaling', None) or {}
    if scaling.get('rope_type') == 'linear':
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling['factor'])
    if scaling.get('rope_type') == 'llama3':
        writer.add_tensor('rope_freqs.weight', rope_factors(config, head_size))


def make(name, out):
    arch, family, arguments, kind = FILES[name]
    model, generator = build(name, family, arguments)
    config = model.config
    head_size = getattr(config, 'head_dim', None) or config.hidden_size // config.num_attention_heads
    names = gguf.get_tensor_name_map(
        next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch), config.num_hidden_layers)
    writer = gguf.GGUFWriter(out / f'{name}.gguf', arch)
    write_keys(writer, arch, config, head_size)
    quant = gguf.GGMLQuantizationType[kind]
    for hf_name, parameter in model.named_parameters():
        array = converted(arch, config, hf_name, parameter.detach().numpy().copy())
        tensor_name = names.get_name(hf_name, try_suffixes=('.weight', '.bias'))
        assert tensor_name, hf_name
        block = gguf.GGML_QUANT_SIZES[quant][0]
        if kind == 'F32' or array.ndim == 1 or array.shape[-1] % block:
            writer.add_tensor(tensor_name, array.astype(numpy.float32))
            continue
        data = gguf.quants.quantize(array, quant)
        writer.add_tensor(tensor_name, data, raw_dtype=quant)
        rounded = gguf.quants.dequantize(data, quant).astype(numpy.float32).reshape(array.shape)
        if arch == 'llama' and ('q_proj' in hf_name or 'k_proj' in hf_name):
            heads = config.num_attention_heads if 'q_proj' in hf_name else config.num_key_value_heads
            rounded = rounded.reshape(heads, -1, 2, rounded.shape[1]).swapaxes(1, 2).reshape(rounded.shape)
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(rounded))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    write_golden(model, generator, out / f'{name}.golden.safetensors')
    print(name, (out / f'{name}.gguf').stat().st_size)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or FILES:
        make(name, out)


if __name__ == '__main__':
    main()
