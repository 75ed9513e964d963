"""Folders with models of given shapes, for benchmarks: config.json and model.safetensors, written without PyTorch."""
import json
import os
import struct

GPT2 = {"n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}
CEREBRAS_13B = {"n_embd": 5120, "n_layer": 40, "n_head": 40, "n_positions": 2048, "vocab_size": 50257}
ELEMENT_BYTES = {"F32": 4, "BF16": 2}


def config(shape, activation="gelu_new"):
    return {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "activation_function": activation,
            "layer_norm_epsilon": 1e-5, **shape}


def tensors(shape):
    """Names and shapes, in the order in which a run reads them."""
    d, inner = shape["n_embd"], 4 * shape["n_embd"]
    yield "wte.weight", [shape["vocab_size"], d]
    yield "wpe.weight", [shape["n_positions"], d]
    for i in range(shape["n_layer"]):
        for name, weight in (("ln_1", [d]), ("attn.c_attn", [d, 3 * d]), ("attn.c_proj", [d, d]), ("ln_2", [d]),
                             ("mlp.c_fc", [d, inner]), ("mlp.c_proj", [inner, d])):
            yield f"h.{i}.{name}.weight", weight
            yield f"h.{i}.{name}.bias", weight[-1:]
    yield "ln_f.weight", [d]
    yield "ln_f.bias", [d]


def count(shape):
    product = 1
    for size in shape:
        product *= size
    return product


def write(folder, shape, dtype, activation="gelu_new", values=None):
    """A model whose data `values(count)` gives as bytes; without it a sparse file, which reads as zeros."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config(shape, activation), out)
    header, end = {}, 0
    for name, sizes in tensors(shape):
        begin, end = end, end + count(sizes) * ELEMENT_BYTES[dtype]
        header[name] = {"dtype": dtype, "shape": sizes, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    path = os.path.join(folder, "model.safetensors")
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        if values is None:
            out.truncate(8 + len(text) + end)
        else:
            for _, sizes in tensors(shape):
                out.write(values(count(sizes)))
    return path
