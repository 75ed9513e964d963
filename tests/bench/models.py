"""Model files for benchmarks and transfer tests."""
import subprocess


def write_bf16_model(bin_folder, path, mib, seed, changed=None, tuned=None):
    """A safetensors file of about `mib` MiB of bf16 N(0, 0.02). `changed`: (seed, every) tensors that are others; `tuned`: (seed,
    relative) change of every value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    more = ['changed', *changed] if changed else ['tuned', *tuned] if tuned else []
    subprocess.run([str(a) for a in (bin_folder / 'make_weights', path, mib, seed, *more)], check=True)
    return path
