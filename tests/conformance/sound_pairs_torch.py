"""Sound models with goldens by PyTorch: python3 sound_pairs_torch.py FOLDER COUNT [FIRST].

Writes COUNT pairs NAME.onnx, as torch.onnx exports them, and NAME.golden.safetensors, and pairs.json with each one's
family. Pair i is the same on each run. Needs torch and numpy.
"""
import json
import pathlib
import sys
import warnings

import torch
from torch import nn

from safetensors_file import write_safetensors

warnings.filterwarnings('ignore')


def pick(*values):
    return values[int(torch.randint(len(values), (1,)))]


def activation():
    return pick(nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.ELU, nn.Sigmoid, nn.Softplus, nn.LeakyReLU)()


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), activation(),
                                  nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels))
        self.after = activation()

    def forward(self, x):
        return self.after(x + self.body(x))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


class First(nn.Module):
    """The results of a recurrent layer without its states."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down, self.act = nn.Linear(width, 2 * width), nn.Linear(2 * width, width), activation()

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = self.qkv(self.before(x)).view(b, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        shares = torch.softmax(q @ k.transpose(2, 3) / (w // self.heads) ** 0.5, -1)
        x = x + self.out((shares @ v).transpose(1, 2).reshape(b, t, w))
        return x + self.down(self.act(self.up(self.after(x))))


def mlp():
    width = pick(16, 64)
    return nn.Sequential(nn.Linear(width, 96), activation(), nn.LayerNorm(96), nn.Linear(96, 40), activation(),
                         nn.Linear(40, 7), nn.Softmax(-1)), torch.randn(pick(1, 9), width)


def pictures():
    channels = pick(8, 12)
    return nn.Sequential(nn.Conv2d(3, channels, pick(3, 5), stride=2), activation(), Residual(channels),
                         nn.MaxPool2d(2), nn.Dropout(), Residual(channels), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(channels, 5)), torch.randn(pick(1, 2), 3, 32, 32)


def sounds():
    return nn.Sequential(nn.Conv1d(1, 8, 16, stride=8), nn.GroupNorm(2, 8), activation(), nn.Conv1d(8, 16, 5, dilation=2),
                         nn.BatchNorm1d(16), activation(), nn.AvgPool1d(4), nn.Flatten(), nn.Linear(16 * 13, 1),
                         nn.Sigmoid()), torch.randn(1, 1, 500)


def recurrent():
    kind = pick(nn.LSTM, nn.GRU)
    return nn.Sequential(First(kind(20, 24, num_layers=pick(1, 2), batch_first=True, bidirectional=pick(True, False))),
                         nn.Sequential(), Mean()), torch.randn(1, 12, 20)


def transformer():
    layers = [Attention(32, 4) for _ in range(pick(1, 3))]
    return nn.Sequential(*layers, nn.LayerNorm(32)), torch.randn(1, pick(6, 40), 32)


def text():
    return nn.Sequential(nn.Embedding(200, 32), Attention(32, 2), Mean(), nn.Linear(32, 4)), torch.randint(
        200, (pick(1, 3), 15))


def decoder():
    return nn.Sequential(nn.ConvTranspose2d(4, 8, 4, stride=2, padding=1), nn.InstanceNorm2d(8, affine=True),
                         activation(), nn.Upsample(scale_factor=2, mode=pick('nearest', 'bilinear'), align_corners=None),
                         nn.Conv2d(8, 3, 3, padding=1), nn.Tanh()), torch.randn(1, 4, 9, 9)


FAMILIES = [mlp, pictures, sounds, recurrent, transformer, text, decoder]


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    pairs = {}
    for i in range(first, first + count):
        torch.manual_seed(i)
        family = FAMILIES[i % len(FAMILIES)]
        model, x = family()
        model.eval()
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        with torch.no_grad():
            y = model(x)
        name = f'torch{i:04}'
        torch.onnx.export(model, x, folder / f'{name}.onnx', input_names=['x'], output_names=['y'],
                          opset_version=pick(11, 12, 13, 14, 15, 16))
        write_safetensors(folder / f'{name}.golden.safetensors', {'in.x': x.numpy(), 'out.y': y.numpy()},
                          {'runtime': f'torch {torch.__version__}'})
        pairs[f'{name}.onnx'] = f'torch {family.__name__}'
    (folder / 'pairs.json').write_text(json.dumps(pairs))


if __name__ == '__main__':
    main()
