// Writes a safetensors file of normally distributed weights, the same bytes for the same flags on every machine:
//   make_weights PATH MIB SEED [changed SEED EVERY | tuned SEED RELATIVE]
// bf16 values of N(0, 0.02) in tensors of 8 MiB. `changed`: every EVERY-th tensor is another. `tuned`: each value is
// multiplied by 1 + N(0, RELATIVE), as a fine-tune would.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"

namespace {

constexpr uint64_t kTensorBytes = 8u << 20;
constexpr double kDeviation = 0.02;

// SplitMix64 and the polar method, by pairs.
class Normal {
 public:
  Normal(uint64_t seed, uint64_t stream) : state_(seed * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u) {}

  double Next() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double u = 0;
    double v = 0;
    double square = 0;
    do {
      u = Uniform();
      v = Uniform();
      square = u * u + v * v;
    } while (square >= 1 || square == 0);
    double scale = std::sqrt(-2 * std::log(square) / square);
    spare_ = v * scale;
    has_spare_ = true;
    return u * scale;
  }

 private:
  double Uniform() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>(static_cast<int64_t>(z ^ (z >> 31))) * 0x1p-63;
  }

  uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

uint16_t ToBf16(double value) {
  auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

std::string Header(uint64_t tensors) {
  std::string text = "{";
  for (uint64_t i = 0; i < tensors; ++i) {
    text += fmt::format(R"({}"model.layers.{}.weight":{{"dtype":"BF16","shape":[{}],"data_offsets":[{},{}]}})",
                        i == 0 ? "" : ",", i, kTensorBytes / 2, i * kTensorBytes, (i + 1) * kTensorBytes);
  }
  text += "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 7) {
    std::fputs("usage: make_weights PATH MIB SEED [changed SEED EVERY | tuned SEED RELATIVE]\n", stderr);
    return 2;
  }
  uint64_t tensors = std::max<uint64_t>(1, (std::strtoull(argv[2], nullptr, 10) << 20) / kTensorBytes);
  uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  std::string_view change = argc == 7 ? argv[4] : "";
  uint64_t other_seed = argc == 7 ? std::strtoull(argv[5], nullptr, 10) : 0;
  uint64_t every = change == "changed" ? std::strtoull(argv[6], nullptr, 10) : 0;
  double relative = change == "tuned" ? std::strtod(argv[6], nullptr) : 0;
  std::ofstream file(argv[1], std::ios::binary);
  std::string header = Header(tensors);
  uint64_t header_bytes = header.size();
  file.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  file.write(header.data(), static_cast<std::streamsize>(header.size()));
  std::vector<uint16_t> values(kTensorBytes / 2);
  for (uint64_t i = 0; i < tensors; ++i) {
    Normal normal(every > 0 && i % every == 0 ? other_seed : seed, i);
    Normal noise(other_seed, i);
    for (uint16_t& value : values) {
      double weight = normal.Next() * kDeviation;
      value = ToBf16(relative > 0 ? weight * (1 + relative * noise.Next()) : weight);
    }
    file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(kTensorBytes));
  }
  return file.good() ? 0 : 1;
}
