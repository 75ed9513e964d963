"""Records what ONNX Runtime computes for the models in tests/data/onnx, as tests/data/onnx/*.safetensors.

Usage: make_onnx_goldens.py MODELS OUT, where MODELS is the folder of model files that tests/data/onnx/README.md names.
Needs onnxruntime, numpy and safetensors. Each file holds the inputs as `in.NAME` and the outputs as `out.NAME`.
"""
import pathlib
import sys

import numpy
import onnxruntime
from safetensors.numpy import save_file


def record(model, inputs, out):
    session = onnxruntime.InferenceSession(str(model), providers=['CPUExecutionProvider'])
    known = {i.name for i in session.get_inputs()}
    outputs = session.run(None, {k: v for k, v in inputs.items() if k in known})
    tensors = {f'in.{k}': numpy.ascontiguousarray(v) for k, v in inputs.items() if k in known}
    for description, value in zip(session.get_outputs(), outputs):
        tensors[f'out.{description.name}'] = numpy.ascontiguousarray(value)
    save_file(tensors, str(out), metadata={'runtime': f'onnxruntime {onnxruntime.__version__}', 'model': model.name})
    print(out.name, {k: v.shape for k, v in tensors.items() if k.startswith('out.')})


def gpt2(random, batch, tokens, past):
    inputs = {
        'input_ids': random.integers(0, 1000, (batch, tokens)).astype(numpy.int32),
        'position_ids': numpy.tile(numpy.arange(past, past + tokens, dtype=numpy.int32), (batch, 1)),
        'attention_mask': numpy.ones((batch, past + tokens), dtype=numpy.int32),
    }
    inputs['attention_mask'][0, 0] = 0
    for layer in range(5):
        inputs[f'past_{layer}'] = random.standard_normal((2, batch, 4, past, 8)).astype(numpy.float32)
    return inputs


def main():
    models, out = map(pathlib.Path, sys.argv[1:3])
    random = numpy.random.default_rng(4)
    record(models / 'onnx/mnist.onnx', {'Input3': random.uniform(0, 255, (1, 1, 28, 28)).astype(numpy.float32)},
           out / 'mnist.safetensors')
    record(models / 'onnx/tiny-random-gpt2-past.onnx', gpt2(random, 2, 4, 3), out / 'gpt2-past.safetensors')
    record(models / 'onnx/tiny-random-gpt2-past.onnx', gpt2(random, 1, 6, 0), out / 'gpt2-first.safetensors')
    speech = {
        'input': (0.3 * random.standard_normal((1, 576))).astype(numpy.float32),
        'state': (0.5 * random.standard_normal((2, 1, 128))).astype(numpy.float32),
        'sr': numpy.array(16000, dtype=numpy.int64),
    }
    for name in ['silero_vad', 'silero_vad_16k_op15', 'silero_vad_half']:
        record(models / f'silero-vad/{name}.onnx', speech, out / f'{name}.safetensors')
    slow = speech | {'input': (0.3 * random.standard_normal((1, 288))).astype(numpy.float32),
                     'sr': numpy.array(8000, dtype=numpy.int64)}
    record(models / 'silero-vad/silero_vad.onnx', slow, out / 'silero_vad_8k.safetensors')


if __name__ == '__main__':
    main()
