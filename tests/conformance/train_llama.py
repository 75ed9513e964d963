#!/usr/bin/env python3
"""Train the small Llama that the mutation score needs: Hugging Face transformers, bytes of Tiny Shakespeare.

A fault in a model of random weights changes little; in a trained one it shows. Writes config.json, model.safetensors
(bfloat16) and golden.safetensors (input_ids [1, 128] and the logits that transformers gives for them in float32, from the
rounded weights). Every norm gain and some of the weights are far from where they started.

Needs torch, transformers, safetensors; about a minute of one core. Usage: train_llama.py input.txt OUTDIR
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

STEPS, BATCH, LENGTH, SEED = 600, 8, 128, 20261124
CONFIG = dict(vocab_size=256, hidden_size=64, intermediate_size=160, num_hidden_layers=4, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0,
              hidden_act='silu', tie_word_embeddings=False, attention_bias=False, mlp_bias=False, bos_token_id=0,
              eos_token_id=0)


def main():
    data = torch.tensor(list(pathlib.Path(sys.argv[1]).read_bytes()), dtype=torch.long)
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    model = LlamaForCausalLM(LlamaConfig(**CONFIG))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=STEPS, pct_start=0.1)
    train, held_out = data[:-LENGTH * 400], data[-LENGTH * 400:]
    for step in range(STEPS):
        starts = torch.randint(0, len(train) - LENGTH - 1, (BATCH,))
        batch = torch.stack([train[s:s + LENGTH] for s in starts.tolist()])
        loss = model(batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == STEPS - 1:
            print(step, loss.item(), flush=True)
    weights = {name: value.detach().to(torch.bfloat16).contiguous() for name, value in model.state_dict().items()}
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    model.eval()
    ids = held_out[:LENGTH].reshape(1, LENGTH)
    with torch.no_grad():
        logits = model(ids).logits
        print('held out', model(ids, labels=ids).loss.item())
    save_file(weights, out / 'model.safetensors', {'format': 'pt'})
    save_file({'input_ids': ids.contiguous(), 'logits': logits.float().contiguous()}, out / 'golden.safetensors')
    config = {'architectures': ['LlamaForCausalLM'], 'model_type': 'llama'} | CONFIG
    (out / 'config.json').write_text(json.dumps(config, indent=2) + '\n')


if __name__ == '__main__':
    main()
