"""Sound models with goldens by ONNX Runtime: python sound_pairs_onnx.py FOLDER COUNT [FIRST].

Writes COUNT pairs NAME.onnx and NAME.golden.safetensors, and pairs.json with each one's family. Pair i is the same on
each run. Needs onnxruntime, onnx and numpy.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static)

from safetensors_file import write_safetensors

ort.set_default_logger_severity(4)
TYPES = {np.dtype('float32'): TensorProto.FLOAT, np.dtype('float16'): TensorProto.FLOAT16,
         np.dtype('int64'): TensorProto.INT64}


class Net:
    """A graph that grows from its input, `x`."""

    def __init__(self, rng, shape, opset, dtype=np.float32):
        self.rng, self.shape, self.opset, self.dtype = rng, list(shape), opset, np.dtype(dtype)
        self.nodes, self.weights, self.last, self.count = [], [], 'x', 0

    def weight(self, *shape, scale=None, values=None):
        if values is None:
            fan = int(np.prod(shape[1:])) if len(shape) > 1 else 1
            values = self.rng.standard_normal(shape) * (scale if scale is not None else 1 / np.sqrt(fan))
        values = np.asarray(values)
        self.count += 1
        name = f'w{self.count}'
        dtype = values.dtype if values.dtype == np.int64 else self.dtype
        self.weights.append(numpy_helper.from_array(values.astype(dtype), name))
        return name

    def add(self, op, *inputs, outputs=1, domain='', **attributes):
        self.count += 1
        names = [f'v{self.count}_{i}' for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs) or [self.last], names, name=f'/n{self.count}/{op}',
                                           domain=domain, **attributes))
        self.last = names[0]
        return names[0] if outputs == 1 else names

    def activation(self):
        kind = self.rng.integers(0, 6)
        x = self.last
        if kind == 5:  # GELU as exporters write it.
            e = self.add('Erf', self.add('Div', x, self.weight(values=np.float32(np.sqrt(2)))))
            e = self.add('Add', e, self.weight(values=np.float32(1)))
            return self.add('Mul', self.add('Mul', x, e), self.weight(values=np.float32(0.5)))
        if kind == 4:
            return self.add('Mul', x, self.add('Sigmoid', x))
        return self.add(['Relu', 'Tanh', 'Sigmoid', 'Elu'][kind])

    def layer_norm(self, width):
        x = self.last
        if self.opset >= 17:
            return self.add('LayerNormalization', x, self.weight(width, scale=0.1, values=1 + 0.1 * self.rng.standard_normal(width)),
                            self.weight(width, scale=0.1))
        mean = self.add('ReduceMean', x, axes=[-1])
        d = self.add('Sub', x, mean)
        variance = self.add('ReduceMean', self.add('Mul', d, d), axes=[-1])
        root = self.add('Sqrt', self.add('Add', variance, self.weight(values=np.float32(1e-5))))
        return self.add('Mul', self.add('Div', d, root), self.weight(width, values=1 + 0.1 * self.rng.standard_normal(width)))

    def linear(self, inputs, outputs):
        x = self.add('MatMul', self.last, self.weight(inputs, outputs, scale=1 / np.sqrt(inputs)))
        return self.add('Add', x, self.weight(outputs, scale=0.1))

    def model(self, output_type=None):
        types = TYPES[self.dtype]
        graph = helper.make_graph(
            self.nodes, 'g', [helper.make_tensor_value_info('x', types, self.shape)],
            [helper.make_tensor_value_info(self.last, output_type or types, None)], self.weights)
        domains = [helper.make_opsetid('', self.opset)]
        model = helper.make_model(graph, opset_imports=domains)
        model.ir_version = 8
        return onnx.shape_inference.infer_shapes(model) if self.dtype == np.float32 else model


def mlp(rng, opset, dtype=np.float32):
    width = int(rng.choice([16, 48, 96]))
    net = Net(rng, [int(rng.choice([1, 7, 64])), width], opset, dtype)
    for _ in range(int(rng.integers(1, 5))):
        out = int(rng.choice([16, 33, 128]))
        net.linear(width, out)
        net.activation()
        width = out
    net.linear(width, 10)
    if rng.integers(0, 2):
        net.add('Softmax', net.last, axis=1)
    return net.model()


def convolutions(rng, opset, dtype=np.float32):
    channels, side = 3, int(rng.choice([16, 24, 32]))
    net = Net(rng, [1, channels, side, side], opset, dtype)
    for _ in range(int(rng.integers(1, 4))):
        out = int(rng.choice([8, 16]))
        kernel = int(rng.choice([1, 3, 5]))
        net.add('Conv', net.last, net.weight(out, channels, kernel, kernel), net.weight(out, scale=0.1),
                kernel_shape=[kernel, kernel], pads=[kernel // 2] * 4, strides=[int(rng.integers(1, 3))] * 2)
        if rng.integers(0, 2):
            net.add('BatchNormalization', net.last, net.weight(out, values=1 + 0.1 * rng.standard_normal(out)),
                    net.weight(out, scale=0.1), net.weight(out, scale=0.1),
                    net.weight(out, values=0.5 + rng.random(out)))
        net.add('Relu')
        if rng.integers(0, 3) == 0:
            net.add('Conv', net.last, net.weight(out, 1, 3, 3), kernel_shape=[3, 3], pads=[1] * 4, group=out)
        channels = out
    if rng.integers(0, 2):
        net.add('MaxPool', net.last, kernel_shape=[2, 2], strides=[2, 2])
    net.add('GlobalAveragePool')
    net.add('Flatten')
    net.add('Gemm', net.last, net.weight(10, channels), net.weight(10, scale=0.1), transB=1)
    return net.model()


def transformer(rng, opset, dtype=np.float32):
    positions, width, heads = int(rng.choice([8, 64, 384])), 64, 4
    net = Net(rng, [1, positions, width], opset, dtype)
    for _ in range(int(rng.integers(1, 5))):
        skip = net.last
        normed = net.layer_norm(width)
        parts = []
        for turned in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]):
            net.last = normed
            net.linear(width, width)
            net.add('Reshape', net.last, net.weight(values=np.array([1, positions, heads, width // heads], np.int64)))
            parts.append(net.add('Transpose', net.last, perm=turned))
        scores = net.add('MatMul', parts[0], parts[1])
        scores = net.add('Mul', scores, net.weight(values=np.float32(1 / np.sqrt(width / heads))))
        net.add('MatMul', net.add('Softmax', scores, axis=-1 if opset >= 13 else 3), parts[2])
        net.add('Transpose', net.last, perm=[0, 2, 1, 3])
        net.add('Reshape', net.last, net.weight(values=np.array([1, positions, width], np.int64)))
        skip = net.add('Add', skip, net.linear(width, width))
        net.layer_norm(width)
        net.linear(width, 2 * width)
        net.activation()
        net.add('Add', skip, net.linear(2 * width, width))
    net.layer_norm(width)
    return net.model()


def recurrent(rng, opset, dtype=np.float32, kinds=('LSTM', 'GRU', 'RNN')):
    kind = str(rng.choice(kinds))
    gates = {'LSTM': 4, 'GRU': 3, 'RNN': 1}[kind]
    steps, width, hidden = int(rng.choice([5, 20])), 24, 32
    both = int(rng.integers(1, 3))
    net = Net(rng, [steps, 1, width], opset, dtype)
    names = net.add(kind, net.last, net.weight(both, gates * hidden, width, scale=0.25),
                    net.weight(both, gates * hidden, hidden, scale=0.2), net.weight(both, 2 * gates * hidden, scale=0.1),
                    outputs=2, hidden_size=hidden, direction='bidirectional' if both == 2 else 'forward')
    net.last = names[0]
    net.add('Transpose', net.last, perm=[0, 2, 1, 3])
    net.add('Reshape', net.last, net.weight(values=np.array([steps, both * hidden], np.int64)))
    net.linear(both * hidden, 9)
    return net.model()


def detector(rng, opset):
    """One small probability."""
    net = Net(rng, [1, 128], opset)
    net.linear(128, 64)
    net.activation()
    net.add('MatMul', net.last, net.weight(64, 1, scale=0.1))
    net.add('Add', net.last, net.weight(1, values=np.array([-float(rng.uniform(4, 11))])))
    net.add('Sigmoid')
    return net.model()


def chooser(rng, opset):
    net = Net(rng, [16, 48], opset)
    net.linear(48, 96)
    net.activation()
    net.linear(96, 20)
    net.add('ArgMax', net.last, axis=1)
    return net.model(TensorProto.INT64)


FLOATS = {'mlp': mlp, 'convolutions': convolutions, 'transformer': transformer, 'recurrent': recurrent}


class Calibration(CalibrationDataReader):
    def __init__(self, rng, shape):
        self.left = iter([{'x': rng.standard_normal(shape).astype(np.float32)} for _ in range(4)])

    def get_next(self):
        return next(self.left, None)


def shape_of(model):
    return [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]


def dynamic_int8(rng, source, folder):
    model = (recurrent(rng, 17, kinds=('LSTM',)) if source == 'recurrent' else FLOATS[source](rng, 17))
    onnx.save(model, folder / 'float.onnx')
    quantize_dynamic(folder / 'float.onnx', folder / 'int8.onnx', per_channel=bool(rng.integers(0, 2)),
                     reduce_range=bool(rng.integers(0, 2)),
                     weight_type=QuantType.QInt8 if rng.integers(0, 2) else QuantType.QUInt8)
    return onnx.load(folder / 'int8.onnx')


def static_int8(rng, source, folder):
    model = FLOATS[source](rng, 17)
    onnx.save(model, folder / 'float.onnx')
    signed = QuantType.QInt8 if rng.integers(0, 2) else QuantType.QUInt8
    quantize_static(folder / 'float.onnx', folder / 'int8.onnx', Calibration(rng, shape_of(model)),
                    quant_format=QuantFormat.QDQ if rng.integers(0, 3) else QuantFormat.QOperator,
                    per_channel=bool(rng.integers(0, 2)), activation_type=signed, weight_type=QuantType.QInt8)
    return onnx.load(folder / 'int8.onnx')


def make(i, folder):
    """The family and the model of pair i."""
    rng = np.random.default_rng(i)
    kinds = list(FLOATS)
    source = kinds[(i // 12) % len(kinds)]
    opset = int(rng.choice([9, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21]))
    if opset >= 18 and source == 'transformer':
        opset = 17
    turn = i % 12
    if turn in (0, 1):
        return f'float {source}', FLOATS[source](rng, opset)
    if turn == 2:
        half = source if source in ('mlp', 'convolutions') else 'mlp'
        return f'float16 {half}', FLOATS[half](rng, max(opset, 13), np.float16)
    if turn == 3:
        return 'probability', detector(rng, opset)
    if turn == 4:
        return 'places', chooser(rng, opset)
    if turn in (5, 6, 7, 8):
        source = kinds[(i + i // 12) % len(kinds)]
        return f'dynamic int8 {source}', dynamic_int8(rng, source, folder)
    source = ['mlp', 'convolutions', 'transformer'][(i + i // 12) % 3]
    return f'static int8 {source}', static_int8(rng, source, folder)


def record(model, i, path):
    """What ONNX Runtime computes, with its optimiser at one of its levels."""
    options = ort.SessionOptions()
    options.graph_optimization_level = [ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
                                        ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
                                        ort.GraphOptimizationLevel.ORT_DISABLE_ALL][i % 3]
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])
    rng = np.random.default_rng(10 ** 6 + i)
    given = session.get_inputs()[0]
    x = rng.standard_normal(given.shape).astype(np.float16 if 'float16' in given.type else np.float32)
    names = [output.name for output in session.get_outputs()]
    tensors = {'in.x': x} | {f'out.{n}': v for n, v in zip(names, session.run(names, {'x': x}))}
    write_safetensors(path, tensors, {'runtime': f'onnxruntime {ort.__version__}'})


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    scratch = folder / 'scratch'
    scratch.mkdir(parents=True, exist_ok=True)
    pairs = {}
    for i in range(first, first + count):
        family, model = make(i, scratch)
        name = f'pair{i:04}'
        onnx.save(model, folder / f'{name}.onnx')
        record(model, i, folder / f'{name}.golden.safetensors')
        pairs[f'{name}.onnx'] = family
    for path in scratch.iterdir():
        path.unlink()
    scratch.rmdir()
    (folder / 'pairs.json').write_text(json.dumps(pairs))


if __name__ == '__main__':
    main()
