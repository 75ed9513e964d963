"""Records what plumb-hdf5 says of files, as tests/fuzz/corpus/hdf5_description holds it.

    python3 tests/fuzz/record_hdf5_corpus.py build/dev/libexec/plumb/plumb-hdf5 tests/fuzz/corpus/hdf5_description FILE...
"""
import pathlib
import socket
import struct
import subprocess
import sys


def receive(end, count):
    data = b''
    while len(data) < count:
        piece = end.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data


def record(helper, data):
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen([helper], stdin=theirs) as child:
        theirs.close()
        ours.sendall(struct.pack('<Q', len(data)))
        said = struct.pack('<Q', len(data))
        while header := receive(ours, 5):
            kind, size = struct.unpack('<cI', header)
            payload = receive(ours, size)
            if kind == b'R':
                offset, count = struct.unpack('<QI', payload)
                ours.sendall(data[offset:offset + count])
            elif kind != b'H':
                said += header + payload
        child.wait()
    return said


def main():
    helper, folder, *files = sys.argv[1:]
    for file in map(pathlib.Path, files):
        (pathlib.Path(folder) / file.stem).write_bytes(record(helper, file.read_bytes()))


if __name__ == '__main__':
    main()
