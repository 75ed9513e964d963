#include "formats/tensorflow/crc32c.h"

#include <array>

namespace plumb {
namespace {

constexpr size_t kLanes = 8;
using Tables = std::array<std::array<uint32_t, 256>, kLanes>;

// Table k gives what a byte does to the sum when k bytes follow it.
constexpr Tables MakeTables() {
  constexpr uint32_t kPolynomial = 0x82f63b78;  // Bits reversed.
  Tables tables = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = sum;
  }
  for (size_t lane = 1; lane < kLanes; ++lane) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[lane - 1][byte];
      tables[lane][byte] = (before >> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

uint32_t Crc32c(std::span<const uint8_t> bytes) {
  uint32_t sum = ~0u;
  while (bytes.size() >= kLanes) {
    const uint32_t mixed =
        sum ^ (bytes[0] | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24);
    sum = kTables[7][mixed & 255] ^ kTables[6][mixed >> 8 & 255] ^ kTables[5][mixed >> 16 & 255] ^
          kTables[4][mixed >> 24] ^ kTables[3][bytes[4]] ^ kTables[2][bytes[5]] ^ kTables[1][bytes[6]] ^
          kTables[0][bytes[7]];
    bytes = bytes.subspan(kLanes);
  }
  for (uint8_t byte : bytes) sum = (sum >> 8) ^ kTables[0][(sum ^ byte) & 255];
  return ~sum;
}

}  // namespace plumb
