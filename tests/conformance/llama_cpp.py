"""llama.cpp, as node-llama-cpp from npm brings it, run on GGUF files."""
import json
import pathlib
import platform
import subprocess

from containers import skip
from npm_package import installed

HERE = pathlib.Path(__file__).resolve().parent
VERSION = '3.22.1'
# One of its builds: all of them are 700 MB.
BUILDS = {'x86_64': 'linux-x64', 'aarch64': 'linux-arm64'}


def node_modules():
    """The folder that holds it. Skips the test, with the reason, where it cannot be had."""
    build = BUILDS.get(platform.machine()) or skip(f'node-llama-cpp is not built for {platform.machine()}')
    return installed(f'node-llama-cpp@{VERSION}', f'@node-llama-cpp/{build}@{VERSION}') / 'node_modules'


def run_llama(modules, pairs):
    """llama.cpp's NMSE of each model against its record, by path; or what it said when it gave up."""
    run = subprocess.run(['node', HERE / 'llama_cpp_case.mjs', modules, *(path for pair in pairs for path in pair)],
                         capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        return {}, (run.stderr.strip().splitlines() or [f'ended by {-run.returncode}'])[-1]
    return json.loads(run.stdout.splitlines()[-1]), ''


def compare(modules, pairs):
    """Yields each model with its NMSE, or none and why. llama.cpp ends its process when a model is not as it should be:
    then each has one of its own."""
    errors, problem = run_llama(modules, pairs)
    for model, record in pairs:
        if not errors:
            alone, problem = run_llama(modules, [(model, record)])
            yield model, alone.get(str(model)), problem
        else:
            yield model, errors[str(model)], ''


def judge(modules, pairs, limit_of):
    """Compares models with their records, prints what was found, and counts those that fail."""
    failed = 0
    for model, error, problem in compare(modules, pairs):
        limit = limit_of(model)
        good = error is not None and error <= limit
        print(f'{model.stem}: ' + (problem or f'NMSE {error:.2e}, limit {limit:.0e}') + ('' if good else '  FAILED'))
        failed += not good
    return failed
