"""An HTTP proxy for tests: knows the way to names that nobody else knows."""
import base64
import socket
import threading


class ConnectProxy(threading.Thread):
    """Takes CONNECT requests. `names` maps `host:port` to addresses; every other request is refused with 403."""

    def __init__(self, names=None, credentials=None):
        super().__init__(daemon=True)
        self.names = names or {}
        self.credentials = credentials
        self.requests = []  # First lines.
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = f'127.0.0.1:{self.listener.getsockname()[1]}'
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b''
        while b'\r\n\r\n' not in head:
            data = client.recv(4096)
            if not data:
                return client.close()
            head += data
        lines = head.decode('latin-1').split('\r\n')
        self.requests.append(lines[0])
        words = lines[0].split()
        if self.credentials:
            wanted = base64.b64encode(self.credentials.encode()).decode()
            if not any(line.lower().startswith('proxy-authorization:') and line.endswith(wanted) for line in lines):
                return self.refuse(client, '407 Proxy Authentication Required')
        if words[0] != 'CONNECT' or words[1] not in self.names:
            return self.refuse(client, '403 Forbidden')
        host, port = self.names[words[1]].rsplit(':', 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def refuse(client, status):
        client.sendall(f'HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n'.encode())
        client.close()

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
