"""Timing of whole programs: seconds, CPU seconds and peak memory, and tables of them."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time


class Measured:
    """One run of one or several commands that must succeed."""

    def __init__(self, seconds=0.0, cpu=0.0, peak_mib=0.0):
        self.seconds, self.cpu, self.peak_mib = seconds, cpu, peak_mib

    def __add__(self, other):
        return Measured(self.seconds + other.seconds, self.cpu + other.cpu, max(self.peak_mib, other.peak_mib))


def timed(command, env, cwd=None):
    started = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], env=env, cwd=cwd, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    err = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f'{command[0]}: {err.decode(errors="replace")[-2000:]}')
    return Measured(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def cpu_seconds(pid):
    """User and system time of a running process."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def timed_with_server(command, env, pid):
    """As `timed`, with the CPU time that the server `pid` spends meanwhile counted too."""
    before = cpu_seconds(pid)
    measured = timed(command, env)
    return Measured(measured.seconds, measured.cpu + cpu_seconds(pid) - before, measured.peak_mib)


def warm_up_memory(gib=3):
    """Has the machine find the memory that the next program will want: a fresh guest pays seconds for its first touch. In a process of
    its own, whose size the programs measured do not inherit."""
    subprocess.run([sys.executable, '-c', f'b = bytearray({gib} << 30)\nfor i in range(0, len(b), 4096): b[i] = 1'], check=True)


def bare_hash_rate(formats_bench):
    """GB that the fastest SHA-256 kernel here hashes in a CPU second, from memory that is near."""
    done = subprocess.run([str(formats_bench), '--benchmark_filter=^BareKernel/', '--benchmark_min_time=0.1', '--benchmark_format=json'],
                          check=True, capture_output=True)
    return max(run['bytes_per_second'] for run in json.loads(done.stdout)['benchmarks']) / 1e9


class Ratio:
    """Ours over theirs, pair by pair: measurements of one round each."""

    def __init__(self, name, ours, theirs):
        self.name, self.ours, self.theirs = name, ours, theirs

    def print(self):
        rounds = [a / b for a, b in zip(self.ours, self.theirs)]
        pairs = ', '.join(f'{a:.2f}/{b:.2f}' for a, b in zip(self.ours, self.theirs))
        print(f'{self.name}: {statistics.median(rounds):.3f} ({pairs})')


class Table:
    """Rows of measurements by task and program. Ours comes first in each task."""

    def __init__(self, gigabytes):
        self.gigabytes = gigabytes
        self.rows = {}

    def add(self, task, who, measured):
        self.rows.setdefault(task, {}).setdefault(who, []).append(measured)

    def print(self):
        print(f'{"task":13} {"program":42} {"seconds":>8} {"GB/s":>6} {"CPU s/GB":>9} {"peak MiB":>9} {"plumb / it":>11}')
        for task, programs in self.rows.items():
            ours = statistics.median(m.seconds for m in next(iter(programs.values())))
            for who, runs in programs.items():
                seconds = statistics.median(m.seconds for m in runs)
                cpu = statistics.median(m.cpu for m in runs) / self.gigabytes
                ratio = '' if who.startswith('plumb') else f'{ours / seconds:11.2f}'
                print(f'{task:13} {who:42} {seconds:8.2f} {self.gigabytes / seconds:6.2f} {cpu:9.2f} '
                      f'{max(m.peak_mib for m in runs):9.0f} {ratio:>11}')
