#!/usr/bin/env python3
"""Writes tests/data/gguf-models: tiny models in GGUF, laid out as llama.cpp's converter does it, and what transformers
computes with the same weights.

    make_gguf_models.py tests/data/gguf-models [name ...]

Needs transformers 4.53, torch and gguf. Quantised tensors are dequantised before transformers computes.
"""
import math
import pathlib
import sys
import zlib

import gguf
import numpy
import torch
import transformers
from safetensors.torch import save_file

from make_architectures import BASE, BLOOM, GEMMA, GQA, HEADS, MODELS, NEOX, ROPE, VOCABULARY, build, write_golden
from make_encoders import SMALL, Maker, pool, tokens, typed_tokens

G2 = dict(GEMMA, sliding_window=5, query_pre_attn_scalar=8, attn_logit_softcapping=3.0, final_logit_softcapping=5.0)
G3 = dict(GEMMA, num_hidden_layers=6, sliding_window=5, query_pre_attn_scalar=8, rope_local_base_freq=10000.0)
GPT2 = dict(vocab_size=VOCABULARY, n_positions=32, n_layer=2, n_head=4)
# As published: an inner width of four widths, no biases where positions are rotated.
FALCON_OLD = dict({k: v for k, v in BASE.items() if k != 'intermediate_size'}, **ROPE)
FALCON_NEW = dict(FALCON_OLD, new_decoder_architecture=True, num_kv_heads=2)
MIXTRAL = dict(GQA, num_local_experts=4, num_experts_per_tok=2, **ROPE)
PAIR = dict(BASE, num_attention_heads=2, num_key_value_heads=1, rope_theta=10.0)
# llama.cpp's programs take both betas from their command line, where they are 32 and 1.
YARN = dict(max_position_embeddings=1640, rope_theta=20.0, rope_scaling=dict(
    rope_type='yarn', factor=4.0, original_max_position_embeddings=410, beta_fast=32.0, beta_slow=1.0))
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
    'phi3-longrope-long-f16': ('phi3', *MODELS['phi3-longrope-long'], 'F16'),
    'phi3-longrope-short-f32': ('phi3', *MODELS['phi3-longrope-short'], 'F32'),
    'qwen2-yarn-f32': ('qwen2', 'Qwen2', {**PAIR, **YARN}, 'F32'),
    'gptneox-f32': ('gptneox', *MODELS['gpt_neox-parallel'], 'F32'),
    'gptneox-sequential-q8_0': ('gptneox', 'GPTNeoX', dict(NEOX, hidden_size=32, intermediate_size=32,
                                                           use_parallel_residual=False), 'Q8_0'),
    'gpt2-f32': ('gpt2', *MODELS['gpt2-tied'], 'F32'),
    'gpt2-q8_0': ('gpt2', 'GPT2', dict(GPT2, n_embd=32), 'Q8_0'),
    'falcon-new-f32': ('falcon', 'Falcon', FALCON_NEW, 'F32'),
    'falcon-multi-query-f32': ('falcon', 'Falcon', dict(FALCON_OLD, multi_query=True), 'F32'),
    'falcon-new-q8_0': ('falcon', 'Falcon', dict(FALCON_NEW, hidden_size=32), 'Q8_0'),
    'bloom-f32': ('bloom', 'Bloom', dict(BLOOM, hidden_size=12, n_head=6, seq_length=64), 'F32'),
    'bloom-q8_0': ('bloom', 'Bloom', dict(BLOOM, hidden_size=32, seq_length=64), 'Q8_0'),
    'mixtral-f32': ('llama', *MODELS['mixtral'], 'F32'),
    'mixtral-q8_0': ('llama', 'Mixtral', dict(MIXTRAL, hidden_size=32, intermediate_size=32), 'Q8_0'),
    'qwen3moe-f32': ('qwen3moe', *MODELS['qwen3_moe-normalised'], 'F32'),
}
MODERN = dict(SMALL, num_hidden_layers=3, max_position_embeddings=40, norm_eps=1e-4, global_attn_every_n_layers=2,
              local_attention=8, global_rope_theta=1000.0, local_rope_theta=50.0, pad_token_id=0, bos_token_id=1,
              eos_token_id=2, cls_token_id=1, sep_token_id=2, reference_compile=False)
# No key says how far the buckets reach: 128 places.
T5 = dict(vocab_size=SMALL['vocab_size'], d_model=12, d_kv=5, d_ff=20, num_layers=2, num_heads=3,
          decoder_start_token_id=0, relative_attention_num_buckets=8)


def both(length):
    return lambda maker: {'input_ids': maker.ids(length), 'decoder_input_ids': maker.ids(length)}


WIDE = dict(SMALL, hidden_size=32, num_attention_heads=4, intermediate_size=32)
DISTIL = dict(vocab_size=SMALL['vocab_size'], dim=12, n_layers=2, n_heads=2, hidden_dim=20, max_position_embeddings=16)
ROBERTA = dict(SMALL, type_vocab_size=1, pad_token_id=1)
# GGUF architecture, transformers' model and arguments, type as above, inputs, how tokens are pooled.
ENCODERS = {
    'bert-f32': ('bert', 'Bert', dict(SMALL, layer_norm_eps=1e-3), 'F32', typed_tokens(9), None),
    'bert-mean-q8_0': ('bert', 'Bert', WIDE, 'Q8_0', typed_tokens(9), 'mean_tokens'),
    'bert-cls-f16': ('bert', 'Bert', SMALL, 'F16', typed_tokens(9), 'cls_token'),
    'distilbert-mean-f32': ('bert', 'DistilBert', DISTIL, 'F32', tokens(9), 'mean_tokens'),
    't5-gated-f32': ('t5', 'T5ForConditionalGeneration', dict(
        T5, feed_forward_proj='gated-gelu', tie_word_embeddings=False, num_decoder_layers=1), 'F32', both(13), None),
    't5-relu-tied-q8_0': ('t5', 'T5ForConditionalGeneration', dict(T5, d_model=32, d_kv=8, num_heads=4, d_ff=32),
                          'Q8_0', both(13), None),
    't5encoder-f32': ('t5encoder', 'T5Encoder', T5, 'F32', tokens(13), None),
    'modern-bert-f32': ('modern-bert', 'ModernBert', MODERN, 'F32', tokens(17), 'mean_tokens'),
    'modern-bert-q8_0': ('modern-bert', 'ModernBert', dict(MODERN, hidden_size=32, num_attention_heads=2,
                                                          num_hidden_layers=2, intermediate_size=32), 'Q8_0',
                        tokens(17), None),
    'roberta-last-f32': ('bert', 'XLMRoberta', ROBERTA, 'F32', tokens(9), 'lasttoken'),
}
POOLING_TYPES = {None: 'NONE', 'mean_tokens': 'MEAN', 'cls_token': 'CLS', 'lasttoken': 'LAST'}
# Older converters wrote tied embeddings a second time, as the output map.
EMBEDDING_TWICE = ('gpt2-q8_0', 'bloom-f32')


def for_interleaved_pairs(rows, heads):
    """Puts the two halves of each head's rows alternately: what llama.cpp rotates as pairs."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def by_kind(array, heads, key_heads):
    """Queries, keys and values of all groups one after another."""
    grouped = array.reshape(key_heads, heads // key_heads + 2, -1, *array.shape[1:])
    parts = grouped[:, :-2], grouped[:, -2], grouped[:, -1]
    return numpy.concatenate([part.reshape(-1, *array.shape[1:]) for part in parts])


def key_heads(config):
    if config.model_type == 'falcon':
        new, one = config.new_decoder_architecture, config.multi_query
        return config.num_kv_heads if new else 1 if one else config.num_attention_heads
    return getattr(config, 'num_key_value_heads', None) or config.num_attention_heads


def converted(arch, config, name, array):
    if arch == 'llama' and ('q_proj' in name or 'k_proj' in name):
        return for_interleaved_pairs(array, config.num_attention_heads if 'q_proj' in name else key_heads(config))
    if arch.startswith('gemma') and name.endswith('norm.weight'):
        return array + 1
    if arch == 'gpt2' and name.endswith(('c_attn.weight', 'c_proj.weight', 'c_fc.weight')):
        return array.T.copy()
    if arch in ('bloom', 'falcon', 'gptneox') and 'query_key_value' in name:
        return by_kind(array, config.num_attention_heads, key_heads(config))
    if config.model_type == 'xlm-roberta' and 'position_embeddings' in name:
        return array[config.pad_token_id + 1:]  # No token has the others.
    return array


def name_map(arch, layers):
    return gguf.get_tensor_name_map(next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch), layers)


def laid_out(arch, config, tensors):
    """Tensors as the converter names and lays them out; all experts of a layer in one."""
    names = name_map(arch, config.num_hidden_layers)
    out, experts = {}, {}

    def put(name, array):
        tensor_name = names.get_name(name, try_suffixes=('.weight', '.bias'))
        assert tensor_name, name
        out[tensor_name] = array

    for name, array in tensors.items():
        if arch == 'bloom':
            name = name.removeprefix('transformer.')
        if '.experts.' in name:
            stem, part = name.split('.experts.')
            number, weight = part.split('.', 1)
            experts.setdefault(f'{stem}.experts.{weight}', {})[int(number)] = array
        else:
            put(name, converted(arch, config, name, array))
    for name, parts in experts.items():
        put(name, numpy.stack([parts[i] for i in sorted(parts)]))
    return out


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


def write_fixed_sizes(writer, arch, config):
    """What the converter writes of the families whose sizes go by other names."""
    context = {'gpt2': 'n_positions', 'bloom': 'seq_length'}.get(arch)
    writer.add_context_length(getattr(config, context) if context else 2048)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(4 * config.hidden_size)
    writer.add_head_count(config.num_attention_heads)
    if arch != 'gpt2':
        writer.add_head_count_kv(key_heads(config))
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    if arch == 'falcon':
        writer.add_tensor_data_layout('jploski')
        writer.add_rope_freq_base(config.rope_theta)


def write_sizes(writer, config, head_size):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(key_heads(config))
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(int(head_size * getattr(config, 'partial_rotary_factor', 1)))
    if hasattr(config, 'layer_norm_eps'):
        writer.add_layer_norm_eps(config.layer_norm_eps)
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def write_keys(writer, arch, config, head_size):
    if arch in ('gpt2', 'falcon', 'bloom'):
        return write_fixed_sizes(writer, arch, config)
    write_sizes(writer, config, head_size)
    if arch in ('gemma2', 'gemma3'):
        writer.add_sliding_window(config.sliding_window)
    if arch == 'gemma2':
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if arch == 'gptneox':
        writer.add_parallel_residual(config.use_parallel_residual)
    if hasattr(config, 'num_experts_per_tok'):
        writer.add_expert_count(getattr(config, 'num_local_experts', None) or config.num_experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
    if arch == 'qwen3moe':
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    scaling = getattr(config, 'rope_scaling', None) or {}
    kind = scaling.get('rope_type') or scaling.get('type')
    if kind == 'linear':
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling['factor'])
    if kind == 'yarn':
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(scaling['factor'])
        writer.add_rope_scaling_orig_ctx_len(scaling['original_max_position_embeddings'])
        writer.add_rope_scaling_yarn_beta_fast(scaling['beta_fast'])
        writer.add_rope_scaling_yarn_beta_slow(scaling['beta_slow'])
    if kind == 'longrope':
        original = config.original_max_position_embeddings
        longer = config.max_position_embeddings / original
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_sliding_window(config.sliding_window or 0)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(longer) / math.log(original)))
        writer.add_tensor('rope_factors_long.weight', numpy.array(scaling['long_factor'], numpy.float32))
        writer.add_tensor('rope_factors_short.weight', numpy.array(scaling['short_factor'], numpy.float32))
    if kind == 'llama3':
        writer.add_tensor('rope_freqs.weight', rope_factors(config, head_size))


def round_parameters(model, arch, rounded):
    """Gives the model what was left of its weights: elements are followed through the converter by their numbers."""
    parameters, numbers, first = dict(model.named_parameters()), {}, 0
    for name, parameter in parameters.items():
        numbers[name] = numpy.arange(first, first + parameter.numel()).reshape(parameter.shape)
        first += parameter.numel()
    values = numpy.concatenate([p.detach().numpy().ravel() for p in parameters.values()])
    for name, places in laid_out(arch, model.config, numbers).items():
        if name in rounded:
            values[places.ravel()] = rounded[name].ravel()
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.from_numpy(values[numbers[name]]))


# llama.cpp chooses experts and adds these embeddings in float32.
NEVER_ROUNDED = ('ffn_gate_inp', 'position_embd', 'token_types')


def write_tensors(writer, tensors, kind):
    """Returns what was rounded, as it reads back."""
    quant, rounded = gguf.GGMLQuantizationType[kind], {}
    for name, array in tensors.items():
        whole = array.shape[-1] % gguf.GGML_QUANT_SIZES[quant][0] == 0
        if kind == 'F32' or array.ndim == 1 or not whole or any(part in name for part in NEVER_ROUNDED):
            writer.add_tensor(name, array.astype(numpy.float32))
            continue
        data = gguf.quants.quantize(array, quant)
        writer.add_tensor(name, data, raw_dtype=quant)
        rounded[name] = gguf.quants.dequantize(data, quant).astype(numpy.float32).reshape(array.shape)
    return rounded


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name, out):
    arch, family, arguments, kind = FILES[name]
    model, generator = build(name, family, arguments)
    config = model.config
    head_size = getattr(config, 'head_dim', None) or config.hidden_size // config.num_attention_heads
    writer = gguf.GGUFWriter(out / f'{name}.gguf', arch)
    write_keys(writer, arch, config, head_size)
    tensors = laid_out(arch, config, {n: p.detach().numpy().copy() for n, p in model.named_parameters()})
    if name in EMBEDDING_TWICE:
        tensors['output.weight'] = tensors['token_embd.weight']
    round_parameters(model, arch, write_tensors(writer, tensors, kind))
    finish(writer)
    write_golden(model, generator, out / f'{name}.golden.safetensors')
    print(name, (out / f'{name}.gguf').stat().st_size)


def write_encoder_keys(writer, config, pooling):
    first = config.pad_token_id + 1 if config.model_type == 'xlm-roberta' else 0
    writer.add_context_length(config.max_position_embeddings - first)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(getattr(config, 'hidden_dim', None) or config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(getattr(config, 'layer_norm_eps', None) or getattr(config, 'norm_eps', 1e-12))
    if config.model_type == 'modernbert':
        writer.add_layer_norm_rms_eps(config.norm_eps)
        writer.add_sliding_window(config.local_attention)
        writer.add_sliding_window_pattern(config.global_attn_every_n_layers)
        writer.add_rope_freq_base(config.global_rope_theta)
        writer.add_rope_freq_base_swa(config.local_rope_theta)
        writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)
        writer.add_vocab_size(config.vocab_size)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType[POOLING_TYPES[pooling]])
    if config.model_type != 'modernbert':
        writer.add_token_type_count(getattr(config, 'type_vocab_size', 1))


def write_t5_keys(writer, arch, config):
    writer.add_context_length(512)
    writer.add_embedding_length(config.d_model)
    writer.add_feed_forward_length(config.d_ff)
    writer.add_block_count(config.num_layers)
    writer.add_head_count(config.num_heads)
    writer.add_key_length(config.d_kv)
    writer.add_value_length(config.d_kv)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    writer.add_layer_norm_rms_eps(config.layer_norm_epsilon)
    writer.add_relative_attn_buckets_count(config.relative_attention_num_buckets)
    if arch == 't5':
        writer.add_decoder_block_count(config.num_decoder_layers)
        writer.add_decoder_start_token_id(config.decoder_start_token_id)


def build_encoder(name):
    """A model of random weights and what draws its inputs."""
    _, family, arguments, _, _, _ = ENCODERS[name]
    torch.manual_seed(zlib.crc32(name.encode()))
    family, _, head = family.partition('For')
    config_class = getattr(transformers, family.removesuffix('Encoder') + 'Config')
    config = config_class(**arguments)
    config._attn_implementation = 'eager'
    without_pooler = {'add_pooling_layer': False} if family in ('Bert', 'XLMRoberta') else {}
    model_class = getattr(transformers, f'{family}For{head}' if head else f'{family}Model')
    model = model_class(config, **without_pooler).eval()
    maker = Maker(None)
    maker.draw(model)
    model.tie_weights()
    return model, maker


def make_encoder(name, out):
    arch, _, _, kind, inputs, pooling = ENCODERS[name]
    model, maker = build_encoder(name)
    writer = gguf.GGUFWriter(out / f'{name}.gguf', arch)
    if arch.startswith('t5'):
        write_t5_keys(writer, arch, model.config)
    else:
        write_encoder_keys(writer, model.config, pooling)
    tensors = laid_out(arch, model.config, {n: p.detach().numpy().copy() for n, p in model.named_parameters()})
    round_parameters(model, arch, write_tensors(writer, tensors, kind))
    finish(writer)
    given = inputs(maker)
    torch.set_default_dtype(torch.float64)  # Masks that a model makes for itself.
    with torch.no_grad():
        result = model.double()(**given)
    torch.set_default_dtype(torch.float32)
    if pooling:
        found = {'sentence_embedding': pool(result.last_hidden_state, [pooling])}
    else:
        name_of = 'logits' if 'logits' in result else 'last_hidden_state'
        found = {name_of: result[name_of]}
    save_file({k: v.contiguous() for k, v in {**given, **{n: v.float() for n, v in found.items()}}.items()},
              out / f'{name}.golden.safetensors')
    print(name, (out / f'{name}.gguf').stat().st_size)


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or [*FILES, *ENCODERS]:
        (make_encoder if name in ENCODERS else make)(name, out)


if __name__ == '__main__':
    main()
