"""Writes tiny ONNX models as PyTorch exports them from transformers, with what PyTorch computes.

  python make_onnx_models.py ../data/onnx-models

Of each model NAME.onnx and NAME.golden.safetensors (inputs `in.NAME`, outputs `out.NAME`). Written with torch 2.7 and
transformers 4.53; weights are random, from a fixed seed. Those of external.onnx lie in external.data.
"""
import pathlib
import sys
import warnings

import numpy
import onnx
import torch
import transformers
from safetensors.numpy import save_file

warnings.filterwarnings('ignore')


def export(folder, name, model, inputs, outputs, dynamic):
    model.eval()
    path = folder / f'{name}.onnx'
    torch.onnx.export(model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=outputs,
                      dynamic_axes=dynamic, opset_version=17, do_constant_folding=True)
    with torch.no_grad():
        results = model(*inputs.values())
    results = [results] if isinstance(results, torch.Tensor) else list(results)
    tensors = {f'in.{n}': v.numpy() for n, v in inputs.items()}
    tensors |= {f'out.{n}': numpy.ascontiguousarray(v.numpy()) for n, v in zip(outputs, results)}
    save_file(tensors, folder / f'{name}.golden.safetensors')
    print(name, path.stat().st_size)


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        config = transformers.BertConfig(vocab_size=96, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                         intermediate_size=48, max_position_embeddings=64, attn_implementation='eager')
        self.bert = transformers.BertModel(config)

    def forward(self, input_ids, attention_mask, token_type_ids):
        result = self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return result.last_hidden_state, result.pooler_output


class Decoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        config = transformers.GPT2Config(vocab_size=96, n_embd=32, n_layer=2, n_head=4, n_positions=64, n_inner=48,
                                         attn_implementation='eager')
        self.lm = transformers.GPT2LMHeadModel(config)

    def forward(self, input_ids, attention_mask, position_ids, *past):
        cache = transformers.DynamicCache()
        for layer in range(2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        result = self.lm(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                         past_key_values=cache, use_cache=True)
        pairs = result.past_key_values.to_legacy_cache()
        return (result.logits, *(tensor for pair in pairs for tensor in pair))


class Layers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = torch.nn.Linear(40, 64), torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.outer(torch.nn.functional.gelu(self.inner(x)))


def move_weights_out(path):
    """Into a file of their own."""
    model = onnx.load(path)
    onnx.save_model(model, path, save_as_external_data=True, location=f'{path.stem}.data', size_threshold=1024)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(20261124)
    rows = {0: 'batch_size', 1: 'sequence_length'}
    ids = torch.randint(0, 96, (2, 11))
    mask = torch.ones(2, 11, dtype=torch.int64)
    mask[1, 8:] = 0
    export(folder, 'bert', Encoder(),
           {'input_ids': ids, 'attention_mask': mask, 'token_type_ids': (torch.arange(11) > 5).long().repeat(2, 1)},
           ['last_hidden_state', 'pooler_output'],
           {'input_ids': rows, 'attention_mask': rows, 'token_type_ids': rows, 'last_hidden_state': rows})
    past = {f'past_key_values.{layer}.{kind}': torch.randn(1, 4, 3, 8) for layer in range(2) for kind in ('key', 'value')}
    dynamic = {n: {0: 'batch_size', 2: 'past_sequence_length'} for n in past}
    dynamic |= {'input_ids': rows, 'position_ids': rows, 'logits': rows,
                'attention_mask': {0: 'batch_size', 1: 'past_sequence_length + sequence_length'}}
    present = [n.replace('past_key_values', 'present') for n in past]
    export(folder, 'gpt2-with-past', Decoder(),
           {'input_ids': torch.randint(0, 96, (1, 9)), 'attention_mask': torch.ones(1, 12, dtype=torch.int64),
            'position_ids': torch.arange(3, 12)[None], **past}, ['logits', *present],
           dynamic | {n: {0: 'batch_size', 2: 'past_sequence_length + sequence_length'} for n in present})
    export(folder, 'external', Layers(), {'x': torch.randn(5, 40)}, ['class_logits'],
           {'x': {0: 'batch'}, 'class_logits': {0: 'batch'}})
    move_weights_out(folder / 'external.onnx')


if __name__ == '__main__':
    main()
