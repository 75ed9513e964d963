#!/usr/bin/env python3
"""Speed of running GPT-2's shape beside oneDNN's bare products, PyTorch and ONNX Runtime, in one go.

    inference_speed.py --bench build/release/bin/inference_bench [--rounds 15] [--passes 3]

Random weights, one sequence, weights resident, OMP_NUM_THREADS threads (2). Each pass runs every contender after the
other, so that a busy machine hits all alike; the best and the median of all rounds are printed, and ratios of the best.
Needs torch, transformers, onnx and onnxruntime, and onnxruntime-node from npm; what is missing is left out and named.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import inference_models

ONNXRUNTIME_NODE = "onnxruntime-node@1.22.0"
THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "2"))


def save_random_gpt2(folder):
    import numpy
    random = numpy.random.default_rng(1)
    inference_models.write(folder, inference_models.GPT2, "F32",
                           values=lambda n: (random.standard_normal(n, dtype=numpy.float32) * 0.02).tobytes())


def measure(run, rounds):
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def ours(bench, folder, arguments, rounds):
    line = subprocess.run([bench, folder, "--rounds", str(rounds), *arguments], check=True, capture_output=True,
                          text=True).stdout
    found = json.loads(line)
    return [found["best_ms"], found["median_ms"]], found


def load_torch(folder):
    import torch
    import transformers
    from safetensors.torch import load_file
    torch.set_num_threads(THREADS)
    config = transformers.GPT2Config(**inference_models.GPT2, use_cache=False)
    model = transformers.GPT2LMHeadModel(config).eval()
    weights = {"transformer." + k: v for k, v in load_file(os.path.join(folder, "model.safetensors")).items()}
    model.load_state_dict(weights, strict=False)
    model.tie_weights()
    return model


def torch_runner(model, positions):
    import torch
    ids = torch.arange(positions)[None] * 7919 % 50257

    def run():
        with torch.inference_mode():
            model(ids, use_cache=False)
    return run


def export_onnx(model, folder, positions):
    import torch

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids):
            return self.model(ids, use_cache=False).logits

    path = os.path.join(folder, "gpt2.onnx")
    ids = torch.arange(positions)[None] * 7919 % 50257
    model.config._attn_implementation = "eager"
    torch.onnx.export(Logits(), (ids,), path, dynamo=False, input_names=["ids"], opset_version=17)
    return path, ids


def onnx_runner(model, folder, positions):
    import onnxruntime
    path, ids = export_onnx(model, folder, positions)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"ids": ids.numpy()})


def measure_onnxruntime_node(model, folder, positions, rounds):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
    from npm_package import installed
    runtime = installed(ONNXRUNTIME_NODE) / "node_modules" / "onnxruntime-node"
    path, _ = export_onnx(model, folder, positions)
    program = pathlib.Path(__file__).with_name("onnxruntime_speed.js")
    return json.loads(subprocess.run(["node", program, runtime, path, *map(str, (positions, rounds, THREADS))],
                                     check=True, stdout=subprocess.PIPE, text=True).stdout)


def peers(folder, positions, rounds, which):
    """Runs in a process of its own, so that two thread pools never meet."""
    model = load_torch(folder)
    if which == "onnxruntime-node f32":
        return print(json.dumps(measure_onnxruntime_node(model, folder, positions, rounds)))
    if which == "onnxruntime f32":
        run = onnx_runner(model, folder, positions)
    else:
        run = torch_runner(model.bfloat16() if which.endswith("bf16") else model, positions)
    print(json.dumps(measure(run, rounds)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--positions", type=int, default=128)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return peers(args.folder, args.positions, args.rounds, args.peer)
    times, missing, found = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        save_random_gpt2(folder)
        size = ["--positions", str(args.positions)]
        for _ in range(args.passes):
            for name, flags in (("onednn products f32", ["--products", "f32"]), ("plumb onednn f32", []),
                                ("onednn products bf16", ["--products", "bf16"]),
                                ("plumb onednn bf16", ["--backend", "onednn:bf16"])):
                got, found[name] = ours(args.bench, folder, [*size, *flags], args.rounds)
                times.setdefault(name, []).append(got)
            for name in ("torch f32", "torch bf16", "onnxruntime f32", "onnxruntime-node f32"):
                done = subprocess.run([sys.executable, __file__, "--bench", "-", "--peer", name, "--folder", folder,
                                       "--positions", str(args.positions), "--rounds", str(args.rounds)],
                                      capture_output=True, text=True)
                if done.returncode != 0:
                    missing[name] = (done.stderr.strip() or done.stdout.strip() or "?").splitlines()[-1]
                    continue
                rounds = json.loads(done.stdout.strip().splitlines()[-1])
                times.setdefault(name, []).append([min(rounds), statistics.median(rounds)])
        for backend in ("onednn", "onednn:bf16"):
            _, profile = ours(args.bench, folder, [*size, "--backend", backend, "--profile"], args.rounds)
            print(backend, "per operator, ms:", profile["profile_ms"], "coverage", profile["coverage"])
    best = {name: min(t[0] for t in runs) for name, runs in times.items()}
    for name, runs in times.items():
        print(f"{name:22} best {best[name]:7.1f} ms, median {statistics.median(t[1] for t in runs):7.1f} ms")
    for name, why in missing.items():
        print(f"{name:22} left out: {why}")
    for kind in ("f32", "bf16"):
        for peer in (f"onednn products {kind}", f"torch {kind}", "onnxruntime f32", "onnxruntime-node f32"):
            if peer in best:
                print(f"plumb {kind} / {peer}: {best[f'plumb onednn {kind}'] / best[peer]:.2f}")


if __name__ == "__main__":
    sys.exit(main())
