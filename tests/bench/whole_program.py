"""publish, pull, verify and smoke as whole programs: GB/s, peak memory, and a peer beside each in the same run.

Peers, each skipped with a note where it is not installed:
  publish  restic backup, borg create: both store, hash and deduplicate; `cp` and `openssl dgst` as the floor
  pull     restic restore, borg extract
  verify   openssl dgst -sha256, which reads and hashes once (plumb hashes chunks and the whole file)
  smoke    PyTorch (python3-torch) computing the same logits
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
from harness import BIN, FAMILY, Server, clean_environment  # noqa: E402


def timed(command, env, cwd=None):
    """Seconds and peak resident MiB of a command that must succeed."""
    started = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], env=env, cwd=cwd, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    err = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f'{command[0]}: {err.decode(errors="replace")[-2000:]}')
    return time.monotonic() - started, usage.ru_maxrss / 1024


def make_model(folder, mib):
    folder.mkdir()
    count = max(1, mib // 16)
    size = (mib << 20) // count
    header = ','.join(f'"t{i}":{{"dtype":"BF16","shape":[{size // 2}],"data_offsets":[{i * size},{(i + 1) * size}]}}'
                      for i in range(count))
    text = ('{' + header + '}').encode()
    text += b' ' * (-len(text) % 8)
    with open(folder / 'model.safetensors', 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text)
        for _ in range(count):
            file.write(os.urandom(size))
    return folder / 'model.safetensors'


class Bench:
    def __init__(self, options):
        self.options = options
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix='plumb-bench-'))
        self.env = clean_environment(self.tmp / 'home')
        self.env.update(RESTIC_PASSWORD='x', BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK='yes', BORG_BASE_DIR=str(self.tmp / 'borg-home'))
        self.model = make_model(self.tmp / 'model', options.mib)
        self.gb = self.model.stat().st_size / 1e9
        self.rows = {}

    def record(self, task, who, measured):
        self.rows.setdefault(task, {}).setdefault(who, []).append(measured)

    def plumb(self, *args):
        return timed([BIN / 'plumb', *args, '--quiet'], self.env)

    def ours(self, round_number):
        server = Server(self.tmp / f'data-{round_number}').start()
        self.env.update(PLUMB_REGISTRY=server.address, PLUMB_TOKEN=server.admin_token)
        pulled = self.tmp / f'pulled-{round_number}'
        try:
            self.record('publish', 'plumb', self.plumb('publish', 'lab/model@v1', self.tmp / 'model', '--license', 'MIT'))
            self.record('pull', 'plumb', self.plumb('pull', 'lab/model@v1', pulled, '--no-cache'))
            self.record('verify', 'plumb', self.plumb('verify', pulled))
            status = pathlib.Path(f'/proc/{server.process.pid}/status').read_text()
            self.server_peak = int(status.split('VmHWM:')[1].split()[0]) / 1024
        finally:
            server.close()
            shutil.rmtree(pulled, ignore_errors=True)
            shutil.rmtree(server.folder, ignore_errors=True)

    def smoke(self):
        for backend in ('reference', 'onednn'):
            self.record('smoke', f'plumb, {backend}', self.plumb('smoke', FAMILY / 'step-3000', '--backend', backend))
        program = (
            'import json,sys,torch\n'
            'from transformers import AutoModelForCausalLM as M\n'
            'from safetensors.torch import load_file\n'
            'm=M.from_pretrained(sys.argv[1]).eval()\n'
            'g=load_file(sys.argv[1]+"/golden.safetensors")\n'
            'torch.no_grad().__enter__();m(g["input_ids"])\n')
        python = pathlib.Path.home() / '.cache/plumb-tests/transformers/bin/python'
        if self.options.peers and python.exists():
            self.record('smoke', 'PyTorch', timed([python, '-c', program, FAMILY / 'step-3000'], self.env))

    def peers(self, round_number):
        self.record('verify', 'openssl dgst', timed(['openssl', 'dgst', '-sha256', self.model], self.env))
        copy = self.tmp / 'copy'
        self.record('publish', 'cp', timed(['cp', self.model, copy], self.env))
        copy.unlink()
        if shutil.which('restic'):
            repo = self.tmp / f'restic-{round_number}'
            timed(['restic', 'init', '-q', '-r', repo], self.env)
            self.record('publish', 'restic', timed(['restic', 'backup', '-q', '-r', repo, self.tmp / 'model'], self.env))
            self.record('pull', 'restic', timed(['restic', 'restore', 'latest', '-q', '-r', repo, '--target', copy], self.env))
            shutil.rmtree(repo), shutil.rmtree(copy)
        if shutil.which('borg'):
            repo = self.tmp / f'borg-{round_number}'
            timed(['borg', 'init', '-e', 'none', repo], self.env)
            self.record('publish', 'borg', timed(['borg', 'create', '-C', 'none', f'{repo}::a', self.tmp / 'model'], self.env))
            copy.mkdir()
            self.record('pull', 'borg', timed(['borg', 'extract', f'{repo}::a'], self.env, cwd=copy))
            shutil.rmtree(repo), shutil.rmtree(copy)

    def run(self):
        try:
            for i in range(self.options.rounds):
                self.ours(i)
                if self.options.peers:
                    self.peers(i)
                self.smoke()
            self.print_table()
        finally:
            shutil.rmtree(self.tmp, ignore_errors=True)

    def print_table(self):
        print(f'{self.gb:.2f} GB of random bf16, median of {self.options.rounds} round(s), {os.cpu_count()} cores; '
              f'peak memory of plumbd {self.server_peak:.0f} MiB (file cache included)')
        for missing in ('restic', 'borg'):
            if self.options.peers and not shutil.which(missing):
                print(f'{missing} is not installed: not compared')
        print(f'{"task":8} {"program":18} {"seconds":>8} {"GB/s":>6} {"peak MiB":>9} {"plumb is":>10}')
        for task, programs in self.rows.items():
            first = statistics.median(m[0] for m in next(iter(programs.values())))
            for who, measured in programs.items():
                seconds = statistics.median(m[0] for m in measured)
                rate = f'{self.gb / seconds:6.2f}' if task != 'smoke' else '     -'
                ratio = '' if who.startswith('plumb') else f'{seconds / first:8.2f} x'
                print(f'{task:8} {who:18} {seconds:8.2f} {rate} {max(m[1] for m in measured):9.0f} {ratio:>10}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--mib', type=int, default=2048, help='size of the model (2048)')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--no-peers', dest='peers', action='store_false')
    Bench(parser.parse_args()).run()


if __name__ == '__main__':
    main()
