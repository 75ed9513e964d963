#!/usr/bin/env python3
"""Writes the tiny models of tests/data/architectures, with outputs that transformers computed.

    make_architectures.py tests/data/architectures [name ...]

Needs transformers 4.53 and torch. Everything is seeded by the model's name: the same versions give the same bytes.

Weights are random and large, gains and biases too, so that every part of a model shows in its logits. Logits are those
of the model in float64 with eager attention (but see falcon-alibi). transformers itself still rounds to float32 there:
inside every RMSNorm, in most softmaxes and in routers, and for the angles of rotary positions; BLOOM's ALiBi is float32
and Falcon's bfloat16.
"""
import math
import pathlib
import shutil
import sys
import zlib

import torch
import transformers
from safetensors.torch import save_file
from transformers.modeling_utils import no_init_weights

VOCABULARY, SEQUENCES, POSITIONS = 32, 2, 20
BASE = dict(vocab_size=VOCABULARY, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=None)
GQA = dict(BASE, num_key_value_heads=2)
HEADS = dict(GQA, head_dim=8)
ROPE = dict(rope_theta=100.0)
GEMMA = dict(HEADS, pad_token_id=0, hidden_activation='gelu_pytorch_tanh', **ROPE)
PHI = dict(BASE, num_attention_heads=2, rope_theta=50.0, partial_rotary_factor=0.55)
NEOX = dict(BASE, num_attention_heads=2, rotary_emb_base=100, rotary_pct=0.55)
FALCON = dict({k: v for k, v in BASE.items() if k != 'intermediate_size'}, ffn_hidden_size=20, **ROPE)
OPT = dict({k: v for k, v in BASE.items() if k != 'intermediate_size'}, ffn_dim=20, pad_token_id=1)
BLOOM = dict(vocab_size=VOCABULARY, hidden_size=16, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=1)
MOE = dict(GQA, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=8, head_dim=8, **ROPE)
SHORT, LONG = [1.0, 1.3], [2.5, 6.0]


def scaling(kind, **rest):
    return dict(rope_scaling=dict(rope_type=kind, **rest))


MODELS = {
    'gpt2-tied': ('GPT2', dict(vocab_size=VOCABULARY, n_positions=32, n_embd=16, n_layer=2, n_head=4)),
    'gpt2-untied-inverse-layer': ('GPT2', dict(vocab_size=VOCABULARY, n_positions=32, n_embd=16, n_layer=2, n_head=4,
                                               n_inner=24, activation_function='gelu', tie_word_embeddings=False,
                                               scale_attn_by_inverse_layer_idx=True)),
    'llama-gqa': ('Llama', dict(GQA, **ROPE)),
    'llama-mqa-tied': ('Llama', dict(BASE, num_key_value_heads=1, tie_word_embeddings=True, **ROPE)),
    'llama-biases-head-dim': ('Llama', dict(HEADS, attention_bias=True, mlp_bias=True, **ROPE)),
    'llama-linear': ('Llama', dict(GQA, **ROPE, **scaling('linear', factor=4.0))),
    'llama-dynamic': ('Llama', dict(GQA, **ROPE, **scaling('dynamic', factor=2.0), max_position_embeddings=12)),
    'llama-dynamic-short': ('Llama', dict(GQA, **ROPE, **scaling('dynamic', factor=2.0))),
    'llama-yarn': ('Llama', dict(dict(HEADS, max_position_embeddings=256), **ROPE, **scaling(
        'yarn', factor=4.0, original_max_position_embeddings=64, beta_fast=1.1, beta_slow=0.35))),
    'llama-yarn-attention-factor': ('Llama', dict(HEADS, **ROPE, **scaling('yarn', factor=4.0, attention_factor=1.5))),
    'llama-llama3': ('Llama', dict(HEADS, rope_theta=500.0, **scaling(
        'llama3', factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64))),
    'mistral-window': ('Mistral', dict(GQA, sliding_window=5, **ROPE)),
    'mistral-no-window': ('Mistral', dict(HEADS, sliding_window=None, **ROPE)),
    'qwen2-gqa': ('Qwen2', dict(GQA, **ROPE)),
    'qwen2-window': ('Qwen2', dict(GQA, num_hidden_layers=3, use_sliding_window=True, sliding_window=4,
                                   max_window_layers=1, tie_word_embeddings=True, **ROPE)),
    'qwen3-gqa': ('Qwen3', dict(HEADS, tie_word_embeddings=True, **ROPE)),
    'qwen3-biases-yarn-window': ('Qwen3', dict(HEADS, attention_bias=True, use_sliding_window=True, sliding_window=6,
                                               max_window_layers=1, **ROPE, **scaling(
                                                   'yarn', factor=2.0, original_max_position_embeddings=32))),
    'gemma-mqa': ('Gemma', dict(GEMMA, num_key_value_heads=1, hidden_act='gelu_pytorch_tanh')),
    'gemma2': ('Gemma2', dict(GEMMA, sliding_window=5, query_pre_attn_scalar=20, attn_logit_softcapping=3.0,
                              final_logit_softcapping=5.0)),
    'gemma2-uncapped': ('Gemma2', dict(GEMMA, sliding_window=5, query_pre_attn_scalar=8, attn_logit_softcapping=None,
                                       final_logit_softcapping=None, attention_bias=True)),
    'gemma3-text': ('Gemma3Text', dict(GEMMA, num_hidden_layers=3, sliding_window=5, sliding_window_pattern=3,
                                       query_pre_attn_scalar=10, rope_local_base_freq=20.0)),
    'gemma3-text-linear': ('Gemma3Text', dict(GEMMA, sliding_window=4, query_pre_attn_scalar=8, head_dim=8,
                                              sliding_window_pattern=2, rope_local_base_freq=30.0,
                                              final_logit_softcapping=4.0, **scaling('linear', factor=8.0))),
    # As the published models have it, which alone llama.cpp knows.
    'gemma2-published': ('Gemma2', dict(GEMMA, sliding_window=5, query_pre_attn_scalar=8, attn_logit_softcapping=3.0,
                                        final_logit_softcapping=5.0)),
    'gemma3-text-published': ('Gemma3Text', dict(GEMMA, num_hidden_layers=6, num_attention_heads=2,
                                                 num_key_value_heads=1, intermediate_size=10, sliding_window=5,
                                                 sliding_window_pattern=6,
                                                 query_pre_attn_scalar=8, rope_local_base_freq=10000.0, rope_theta=1e6,
                                                 **scaling('linear', factor=8.0))),
    'phi-partial': ('Phi', PHI),
    'phi-qk-norm-gqa': ('Phi', dict(PHI, num_key_value_heads=1, qk_layernorm=True, partial_rotary_factor=1.0,
                                    hidden_act='gelu')),
    'phi3-gqa-window': ('Phi3', dict(GQA, sliding_window=5, **ROPE)),
    'phi3-longrope-long': ('Phi3', dict(GQA, **ROPE, original_max_position_embeddings=16, rope_scaling=dict(
        type='longrope', short_factor=SHORT, long_factor=LONG))),
    'phi3-longrope-short': ('Phi3', dict(GQA, **ROPE, original_max_position_embeddings=32, rope_scaling=dict(
        type='longrope', short_factor=SHORT, long_factor=LONG))),
    'phi3-partial': ('Phi3', dict(BASE, num_attention_heads=2, partial_rotary_factor=0.55,
                                  tie_word_embeddings=True, **ROPE)),
    'gpt_neox-parallel': ('GPTNeoX', NEOX),
    'gpt_neox-sequential': ('GPTNeoX', dict(NEOX, use_parallel_residual=False, attention_bias=False, rotary_pct=1.0,
                                            hidden_act='gelu_fast', tie_word_embeddings=True)),
    'opt-before': ('OPT', OPT),
    'opt-after-projected': ('OPT', dict(OPT, do_layer_norm_before=False, word_embed_proj_dim=8)),
    'opt-no-bias-untied': ('OPT', dict(OPT, enable_bias=False, layer_norm_elementwise_affine=False,
                                       activation_function='gelu', tie_word_embeddings=False)),
    'bloom': ('Bloom', BLOOM),
    'bloom-six-heads-post-norm': ('Bloom', dict(BLOOM, hidden_size=18, n_head=6,
                                                apply_residual_connection_post_layernorm=True,
                                                tie_word_embeddings=False)),
    'falcon-multi-query': ('Falcon', FALCON),
    'falcon-new': ('Falcon', dict(FALCON, new_decoder_architecture=True, num_kv_heads=2, bias=True)),
    'falcon-new-one-norm': ('Falcon', dict(FALCON, new_decoder_architecture=True, num_kv_heads=2,
                                           num_ln_in_parallel_attn=1, tie_word_embeddings=False)),
    'falcon-alibi': ('Falcon', dict(FALCON, alibi=True, multi_query=False, bias=True, parallel_attn=False,
                                    num_attention_heads=6, hidden_size=18)),
    'mixtral': ('Mixtral', dict(GQA, intermediate_size=8, num_local_experts=4, num_experts_per_tok=2, **ROPE)),
    'mixtral-window-top1': ('Mixtral', dict(GQA, intermediate_size=8, num_local_experts=3, num_experts_per_tok=1,
                                            sliding_window=5, **ROPE)),
    'qwen3_moe-normalised': ('Qwen3Moe', dict(MOE, norm_topk_prob=True, num_hidden_layers=2)),
    'qwen3_moe-sparse-steps': ('Qwen3Moe', dict(MOE, norm_topk_prob=False, num_hidden_layers=4, decoder_sparse_step=2,
                                                mlp_only_layers=[3], intermediate_size=12)),
}


def classes(family):
    head = {'Gemma3Text': 'Gemma3ForCausalLM', 'GPT2': 'GPT2LMHeadModel'}.get(family, family + 'ForCausalLM')
    return getattr(transformers, family + 'Config'), getattr(transformers, head)


def randomise(model, generator):
    def normal(tensor, size):
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * size)

    with torch.no_grad():
        for name, tensor in model.named_parameters():
            norm = 'norm' in name or '.ln_' in name or 'ln_f' in name
            if tensor.dim() == 1 and name.endswith('.weight') and norm:
                offset = 0.0 if 'gemma' in model.config.model_type else 1.0
                tensor.copy_(offset + torch.rand(tensor.shape, generator=generator) - 0.5)
            elif tensor.dim() == 1:
                normal(tensor, 0.3)
            elif 'embed' in name or 'wte' in name or 'wpe' in name:
                normal(tensor, 0.4)
            else:
                transposed = model.config.model_type == 'gpt2' and 'lm_head' not in name
                inputs = tensor.shape[0 if transposed else 1]
                normal(tensor, 1.6 / math.sqrt(inputs))


def build(name, family, arguments):
    """A model of random weights and the generator that drew them."""
    config_class, model_class = classes(family)
    config = config_class(**arguments)
    # Falcon's eager attention adds ALiBi twice, once with the mask; its default, sdpa, adds it once.
    config._attn_implementation = 'sdpa' if name == 'falcon-alibi' else 'eager'
    with no_init_weights():  # transformers cannot initialise an OPT whose norms have no gains.
        model = model_class(config).eval()
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    randomise(model, generator)
    model.tie_weights()
    return model, generator


def write_golden(model, generator, path):
    """Turns the model into float64."""
    ids = torch.randint(2, VOCABULARY, (SEQUENCES, POSITIONS), generator=generator)
    with torch.no_grad():
        logits = model.double()(ids, use_cache=False).logits.float()
    assert torch.isfinite(logits).all(), path
    save_file({'input_ids': ids, 'logits': logits.contiguous()}, path)


def make(name, folder):
    model, generator = build(name, *MODELS[name])
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, safe_serialization=True)
    (folder / 'generation_config.json').unlink(missing_ok=True)
    write_golden(model, generator, folder / 'golden.safetensors')
    size = sum(p.stat().st_size for p in folder.iterdir())
    print(f'{name}: {size} bytes')
    assert size < 60_000, name


def main():
    out = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or MODELS:
        if (out / name).exists():
            shutil.rmtree(out / name)
        make(name, out / name)


if __name__ == '__main__':
    main()
