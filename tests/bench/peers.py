"""Other programs that store and fetch large files, each run as its documentation says.

Every class has `available()`, `publish()` and `fetch()`, which return measurements. A fresh store for each: several of them
skip work that is done.
"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import tarfile
import time
import urllib.request

from measure import timed


class Peer:
    programs = ()

    def __init__(self, model, folder, env):
        self.model = pathlib.Path(model)
        self.folder = pathlib.Path(folder)
        self.env = env
        self.folder.mkdir()

    @classmethod
    def missing(cls):
        return [p for p in cls.programs if not shutil.which(p)]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Restic(Peer):
    name = 'restic'
    programs = ('restic',)

    def publish(self):
        timed(['restic', 'init', '-q', '-r', self.folder / 'r'], self.env)
        return timed(['restic', 'backup', '-q', '-r', self.folder / 'r', self.model.parent], self.env)

    def fetch(self):
        return timed(['restic', 'restore', 'latest', '-q', '-r', self.folder / 'r', '--target', self.folder / 'out'], self.env)


class Borg(Peer):
    name = 'borg, uncompressed'
    programs = ('borg',)

    def publish(self):
        timed(['borg', 'init', '-e', 'none', self.folder / 'r'], self.env)
        return timed(['borg', 'create', '-C', 'none', f'{self.folder}/r::a', self.model.parent], self.env)

    def fetch(self):
        (self.folder / 'out').mkdir()
        return timed(['borg', 'extract', f'{self.folder}/r::a'], self.env, cwd=self.folder / 'out')


class Casync(Peer):
    name = 'casync'
    programs = ('casync',)

    def publish(self):
        store = ['--store', self.folder / 'r.castr']
        return timed(['casync', 'make', *store, self.folder / 'm.caibx', self.model], self.env)

    def fetch(self):
        store = ['--store', self.folder / 'r.castr']
        return timed(['casync', 'extract', *store, self.folder / 'm.caibx', self.folder / 'out'], self.env)


class GitLfs(Peer):
    name = 'git-lfs, file remote'
    programs = ('git', 'git-lfs')

    def git(self, *args, cwd):
        return timed(['git', '-c', 'user.name=x', '-c', 'user.email=x@x', *args], self.env, cwd=cwd)

    def publish(self):
        work, remote = self.folder / 'work', self.folder / 'remote.git'
        self.git('init', '-q', '--bare', '-b', 'main', remote, cwd=self.folder)
        self.git('init', '-q', '-b', 'main', work, cwd=self.folder)
        self.git('lfs', 'install', cwd=work)  # Into the home that the benchmark made.
        self.git('lfs', 'track', '*.safetensors', cwd=work)
        self.git('remote', 'add', 'origin', f'file://{remote}', cwd=work)
        shutil.copy(self.model, work)
        return (self.git('add', '.', cwd=work) + self.git('commit', '-q', '-m', 'm', cwd=work)
                + self.git('push', '-q', 'origin', 'main', cwd=work))

    def fetch(self):
        return timed(['git', 'clone', '-q', f'file://{self.folder}/remote.git', self.folder / 'out'], self.env)


def wait_for(url):
    for _ in range(200):
        try:
            return urllib.request.urlopen(url, timeout=1).read()
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f'{url} does not answer')


class Registry(Peer):
    """skopeo into docker-registry, the model as the one layer of an image."""
    name = 'skopeo, docker-registry'
    programs = ('skopeo', 'docker-registry')
    port = 17080

    def blob(self, content=None, path=None):
        digest = hashlib.sha256()
        if path:
            with open(path, 'rb') as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        else:
            digest.update(content)
        target = self.folder / 'image/blobs/sha256' / digest.hexdigest()
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target) if path else target.write_bytes(content)
        return {'digest': f'sha256:{digest.hexdigest()}', 'size': target.stat().st_size}

    def make_image(self):
        with tarfile.open(self.folder / 'layer.tar', 'w') as tar:
            tar.add(self.model, self.model.name)
        layer = self.blob(path=self.folder / 'layer.tar')
        config = {'architecture': 'amd64', 'os': 'linux', 'rootfs': {'type': 'layers', 'diff_ids': [layer['digest']]}}
        manifest = {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json',
                    'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', **self.blob(json.dumps(config).encode())},
                    'layers': [{'mediaType': 'application/vnd.oci.image.layer.v1.tar', **layer}]}
        entry = {'mediaType': manifest['mediaType'], **self.blob(json.dumps(manifest).encode()),
                 'annotations': {'org.opencontainers.image.ref.name': 'v1'}}
        (self.folder / 'image/index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': [entry]}))
        (self.folder / 'image/oci-layout').write_text('{"imageLayoutVersion":"1.0.0"}')

    def publish(self):
        self.make_image()
        (self.folder / 'registry.yml').write_text(
            f'version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {self.folder}/store}}}}\n'
            f'http: {{addr: "127.0.0.1:{self.port}"}}\n')
        self.server = subprocess.Popen(['docker-registry', 'serve', self.folder / 'registry.yml'], env=self.env,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(f'http://127.0.0.1:{self.port}/v2/')
        self.url = f'docker://127.0.0.1:{self.port}/lab/model:v1'
        return timed(['skopeo', 'copy', '-q', '--insecure-policy', '--dest-tls-verify=false', f'oci:{self.folder}/image:v1', self.url],
                     self.env)

    def fetch(self):
        return timed(['skopeo', 'copy', '-q', '--insecure-policy', '--src-tls-verify=false', self.url, f'dir:{self.folder}/out'], self.env)

    def close(self):
        self.server.terminate()
        self.server.wait()
        super().close()


class Nginx(Peer):
    """A file on nginx, fetched in several ways."""
    programs = ('nginx', 'curl', 'openssl')
    port = 17081

    def __init__(self, model, folder, env):
        super().__init__(model, folder, env)
        conf = self.folder / 'nginx.conf'
        conf.write_text(f'daemon off; worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/error.log; user root;\n'
                        'events {} http { sendfile on; tcp_nopush on; access_log off; server { listen '
                        f'127.0.0.1:{self.port}; root {self.model.parent}; }} }}\n')
        self.server = subprocess.Popen(['nginx', '-c', conf, '-p', self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f'http://127.0.0.1:{self.port}/{self.model.name}'
        for _ in range(100):
            if subprocess.run(['curl', '-sfI', self.url], stdout=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.05)

    def fetches(self):
        """(name, measurement) of each way."""
        out = self.folder / 'out'
        yield ('curl, then openssl dgst', timed(['curl', '-sf', '-o', out, self.url], self.env)
               + timed(['openssl', 'dgst', '-sha256', out], self.env))
        out.unlink()
        if shutil.which('rclone'):
            yield 'rclone copyurl, verifies nothing', timed(['rclone', 'copyurl', self.url, out], self.env)
            out.unlink()
        if shutil.which('aria2c'):
            digest = subprocess.run(['openssl', 'dgst', '-sha256', '-r', self.model], capture_output=True, text=True).stdout.split()[0]
            yield 'aria2c -x4 with its check', timed(['aria2c', '-q', '-x4', '-d', self.folder, '-o', 'out', f'--checksum=sha-256={digest}',
                                                      self.url], self.env)

    def close(self):
        self.server.terminate()
        self.server.wait()
        super().close()
