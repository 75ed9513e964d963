"""Programs as a person sees them: run in a terminal of a given width, and what stands there looked at.

The terminal is tmux, one server for each Terminal, each program in a window of its own.
"""
import re
import shutil
import subprocess
import time

LINES = 400  # As high as anything that is printed, so that nothing scrolls away.


class Screen:
    """What a window showed: `lines` as they stand, `joined` with what the terminal wrapped put together again."""

    def __init__(self, command, width, lines, joined, code):
        self.command = command
        self.width = width
        self.lines = lines
        self.joined = joined
        self.code = code

    @property
    def text(self):
        return '\n'.join(self.lines)

    def flowing(self):
        """All words with one space between, as if the lines were endless."""
        return ' '.join(self.text.split())

    def problems(self, verbatim=False):
        """What no screen may show, each as a sentence. Text that is there to be copied (`verbatim`) may wrap."""
        found = []
        if self.lines != self.joined and not verbatim:
            wrapped = next(line for line in self.joined if line not in self.lines)
            found.append(f'the terminal wrapped this line: {wrapped!r}')
        for line in self.lines:
            if re.search(r'\x1b|\^\[|\ufffd|\[[0-9;]+m', line):
                found.append(f'escape sequences as text: {line!r}')
            if re.match(r'^[EWID]\d{4} \d\d:', line):
                found.append(f'a log line of a library: {line!r}')
        for match in re.finditer(r'sha256:([0-9a-f]+)(?![0-9a-z])\s*([0-9a-f]*)', self.text):
            digits = match.group(1) if len(match.group(1)) in (12, 64) else match.group(1) + match.group(2)
            if len(digits) not in (12, 64):
                found.append(f'a cut digest: {match.group(0)!r}')
        return found


class Terminal:
    def __init__(self, name, width, folder, env):
        self.width = width
        self.folder = folder
        self.started = 0
        self.numbers = {}
        env = {**env, 'TERM': 'xterm-256color', 'LANG': 'C.UTF-8', 'LC_ALL': 'C.UTF-8'}
        env.pop('NO_COLOR', None)
        env.pop('COLUMNS', None)
        self.base = ['tmux', '-L', name, '-f', '/dev/null']
        self.env = env
        self.tmux('new-session', '-d', '-s', 'main', '-x', str(width), '-y', str(LINES), 'sleep 100000')
        for option in ('remain-on-exit', 'default-size'):
            value = 'on' if option == 'remain-on-exit' else f'{width}x{LINES}'
            self.tmux('set-option', '-g', option, value)
        self.tmux('set-option', '-g', 'status', 'off')

    @staticmethod
    def available():
        return shutil.which('tmux') is not None

    def tmux(self, *args):
        run = subprocess.run([*self.base, *args], env=self.env, cwd=self.folder, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f'tmux {args}: {run.stderr}')
        return run.stdout

    def start(self, command):
        """Runs `command`, a list of words, in a new window; gives the window."""
        # tmux does not always know how a program ended: a shell writes it down. What interrupts the program is not for
        # the shell.
        self.started += 1
        script = f'trap : INT; "$@"; echo $? > {self.code_file(self.started)}'
        pane = self.tmux('new-window', '-d', '-P', '-F', '#{pane_id}', '-c', str(self.folder), 'sh', '-c', script, 'sh',
                         *command).strip()
        self.numbers[pane] = self.started
        return pane

    def code_file(self, number):
        return self.folder / f'ended-{number}'

    def capture(self, pane, joined=False):
        # With what scrolled away: the notice that a pane is dead pushes a line out.
        text = self.tmux('capture-pane', '-p', '-S', '-', '-t', pane, *(['-J'] if joined else []))
        lines = [line.rstrip() for line in text.split('\n')]
        lines = [line for line in lines if not line.startswith('Pane is dead')]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def ended(self, pane):
        """The exit code, None while it runs."""
        if self.tmux('display-message', '-p', '-t', pane, '#{pane_dead}').strip() != '1':
            return None
        return int(self.code_file(self.numbers[pane]).read_text())

    def run(self, command, watch=None, timeout=60):
        """Runs `command` to its end; `watch` is called with what stands there meanwhile."""
        pane = self.start(command)
        deadline = time.monotonic() + timeout
        while (code := self.ended(pane)) is None:
            if watch:
                watch(self.capture(pane))
            if time.monotonic() > deadline:
                raise RuntimeError(f'{command} still runs:\n' + '\n'.join(self.capture(pane)))
            time.sleep(0.05)
        screen = Screen(command, self.width, self.capture(pane), self.capture(pane, joined=True), code)
        self.tmux('kill-pane', '-t', pane)
        return screen

    def close(self):
        subprocess.run([*self.base, 'kill-server'], env=self.env, capture_output=True)
