"""A registry of very many releases: metadata_scale in process, then plumbd on the same folder.

    metadata_scale.py [--releases N] [--models N] [--folder DIR]

With --folder the data is kept there and used again. Prints the tables of docs/performance.md, "Metadata at scale".
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
from harness import BIN  # noqa: E402


def resident_mib(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) // 1024
    raise RuntimeError(f'process {pid} has no VmRSS')


def start_server(folder):
    began = time.monotonic()
    server = subprocess.Popen([str(BIN / 'plumbd'), '--data', str(folder), '--listen', '127.0.0.1:0'],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = server.stdout.readline()
    seconds = time.monotonic() - began
    if not line.startswith('plumbd ready on '):
        server.kill()
        raise RuntimeError(f'plumbd did not start: {line!r}')
    return server, line.split()[-1], seconds


def ask_server(folder, releases, models):
    """Start-up and memory of plumbd; the model with the last release must be shown."""
    server, address, seconds = start_server(folder)
    try:
        idle = resident_mib(server.pid)
        model = (releases - 1) % models
        reference = f'{address}/lab-{model % 997:03}/model-{model:06}'
        shown = subprocess.run([str(BIN / 'plumb'), 'show', reference, '--json'], capture_output=True, text=True)
        if shown.returncode != 0 or f'model-{model:06}' not in shown.stdout:
            raise RuntimeError(f'plumb show {reference}: {shown.stdout}{shown.stderr}')
        print(f'plumbd: ready after {seconds:.2f} s, resident {idle} MiB when ready, '
              f'{resident_mib(server.pid)} MiB after a question')
    finally:
        server.terminate()
        server.wait()


def run(folder, options):
    subprocess.run([str(BIN / 'metadata_scale'), str(folder), str(options.releases), str(options.models)], check=True)
    ask_server(folder, options.releases, options.models)  # The first start makes the server's keys.
    ask_server(folder, options.releases, options.models)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--releases', type=int, default=1_000_000)
    parser.add_argument('--models', type=int, default=100_000)
    parser.add_argument('--folder', type=pathlib.Path)
    options = parser.parse_args()
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        run(options.folder, options)
        return
    with tempfile.TemporaryDirectory(prefix='plumb-scale-') as folder:
        run(pathlib.Path(folder), options)


if __name__ == '__main__':
    main()
