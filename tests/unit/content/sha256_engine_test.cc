// Every kernel of this machine, alone and in pairs, against NIST's vectors and OpenSSL.
#include "formats/content/sha256_engine.h"

#include <openssl/evp.h>

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"

namespace plumb::sha256 {
namespace {

Digest OpenSslDigest(std::span<const uint8_t> bytes) {
  Digest digest;
  unsigned size = 0;
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr), 1);
  return digest;
}

std::vector<uint8_t> RandomBytes(std::mt19937_64* random, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((*random)());
  return bytes;
}

// Each kernel alone, and each pair of a narrower and a wider one that changes over at one, half or all lanes.
std::vector<Engine> Engines() {
  std::vector<Engine> engines;
  for (const Kernel& narrow : Kernels()) {
    engines.push_back({&narrow, nullptr, 0});
    for (const Kernel& wide : Kernels()) {
      if (wide.lanes <= narrow.lanes) continue;
      for (size_t lanes_min : {size_t{1}, wide.lanes / 2, wide.lanes}) engines.push_back({&narrow, &wide, lanes_min});
    }
  }
  engines.push_back(BestEngine());
  return engines;
}

std::string Name(const Engine& engine) {
  std::string name(engine.narrow->name);
  if (engine.wide != nullptr) name += "+" + std::string(engine.wide->name) + std::to_string(engine.wide_lanes_min);
  return name;
}

void ExpectSameAsOpenSsl(const Engine& engine, const std::vector<std::vector<uint8_t>>& messages) {
  std::vector<std::span<const uint8_t>> spans(messages.begin(), messages.end());
  std::vector<Digest> digests(messages.size());
  HashMany(engine, spans, digests);
  for (size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(digests[i], OpenSslDigest(messages[i])) << Name(engine) << " " << i << ": " << messages[i].size();
  }
}

struct Vector {
  std::string message;  // Hexadecimal.
  std::string digest;
};

// CAVP SHA256ShortMsg.rsp, byte-oriented, and the FIPS 180-4 examples "abc" and its two-block one.
const Vector kVectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
    {"11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"},
    {"b4190e", "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"},
    {"74ba2521", "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"},
    {"c299209682", "f0887fe961c9cd3beab957e8222494abb969b1ce4c6557976df8b0f6d20e9166"},
    {"616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

TEST(Sha256EngineTest, NistVectors) {
  std::vector<std::vector<uint8_t>> messages;
  for (const Vector& vector : kVectors) {
    const std::string bytes = *HexDecode(vector.message);
    messages.emplace_back(bytes.begin(), bytes.end());
  }
  std::vector<std::span<const uint8_t>> spans(messages.begin(), messages.end());
  for (const Engine& engine : Engines()) {
    std::vector<Digest> digests(messages.size());
    HashMany(engine, spans, digests);
    for (size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(digests[i].ToHex(), kVectors[i].digest) << Name(engine);
  }
}

// Drops the oldest digest of a chain and adds the newest.
void Extend(std::vector<uint8_t>* chain, const Digest& digest) {
  chain->erase(chain->begin(), chain->begin() + Digest::kSizeBytes);
  chain->insert(chain->end(), digest.bytes.begin(), digest.bytes.end());
}

// The chain of the SHA validation system's Monte Carlo test (section 6.4): each message is the last three digests. All
// lanes run a chain of their own seed; OpenSSL runs them too.
TEST(Sha256EngineTest, MonteCarloChains) {
  constexpr size_t kChains = 17;
  constexpr int kSteps = 1000;
  for (const Engine& engine : Engines()) {
    std::vector<std::vector<uint8_t>> messages(kChains);
    for (size_t i = 0; i < kChains; ++i) {
      const Digest seed = OpenSslDigest(std::vector<uint8_t>(1, static_cast<uint8_t>(i)));
      for (int copy = 0; copy < 3; ++copy) messages[i].insert(messages[i].end(), seed.bytes.begin(), seed.bytes.end());
    }
    std::vector<std::vector<uint8_t>> expected = messages;
    for (int step = 0; step < kSteps; ++step) {
      std::vector<std::span<const uint8_t>> spans(messages.begin(), messages.end());
      std::vector<Digest> digests(kChains);
      HashMany(engine, spans, digests);
      for (size_t i = 0; i < kChains; ++i) {
        Extend(&messages[i], digests[i]);
        Extend(&expected[i], OpenSslDigest(expected[i]));
      }
    }
    EXPECT_EQ(messages, expected) << Name(engine);
  }
}

TEST(Sha256EngineTest, EveryLengthAroundTheBlocks) {
  std::mt19937_64 random(1);
  std::vector<std::vector<uint8_t>> messages;
  for (size_t size = 0; size <= 3 * kBlockBytes + 1; ++size) messages.push_back(RandomBytes(&random, size));
  for (const Engine& engine : Engines()) ExpectSameAsOpenSsl(engine, messages);
}

TEST(Sha256EngineTest, EveryNumberOfMessages) {
  std::mt19937_64 random(2);
  std::vector<std::vector<uint8_t>> messages;
  for (size_t count = 0; count <= 2 * kLanesMax + 1; ++count) {
    for (const Engine& engine : Engines()) ExpectSameAsOpenSsl(engine, messages);
    messages.push_back(RandomBytes(&random, 200));
  }
}

TEST(Sha256EngineTest, RandomMixes) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::vector<uint8_t>> messages(random() % 40);
    const size_t size_max = size_t{1} << (random() % 18);
    for (std::vector<uint8_t>& message : messages) message = RandomBytes(&random, random() % (size_max + 1));
    for (const Engine& engine : Engines()) ExpectSameAsOpenSsl(engine, messages);
  }
}

TEST(Sha256EngineTest, KernelsTouchOnlyTheirLanes) {
  std::mt19937_64 random(3);
  const std::vector<uint8_t> bytes = RandomBytes(&random, 4 * kBlockBytes);
  for (const Kernel& kernel : Kernels()) {
    for (size_t count = 1; count <= kernel.lanes; ++count) {
      std::array<Lane, kLanesMax> lanes;
      std::array<Lane*, kLanesMax> work;
      for (size_t i = 0; i < kLanesMax; ++i) {
        lanes[i].next = bytes.data();
        work[i] = &lanes[i];
      }
      kernel.compress({work.data(), count}, 4);
      for (size_t i = 0; i < kLanesMax; ++i) {
        EXPECT_EQ(lanes[i].state != kInitialState, i < count) << kernel.name << " " << count << " " << i;
        EXPECT_EQ(lanes[i].next, bytes.data() + (i < count ? bytes.size() : 0)) << kernel.name << " " << count;
        EXPECT_TRUE(i >= count || lanes[i].state == lanes[0].state) << kernel.name;
      }
    }
  }
}

TEST(Sha256EngineTest, FileStreamsHashChunksAndWholeInEveryPhase) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const Kernel& kernel : Kernels()) {
    FileStreams streams(kernel);
    for (int file = 0; file < 50; ++file) {
      const std::vector<uint8_t> bytes = RandomBytes(&random, random() % 5000);
      std::span<const uint8_t> rest = bytes;
      const size_t size_max = size_t{1} << (random() % 12);
      while (!rest.empty()) {
        size_t size = std::min<size_t>(rest.size(), random() % (size_max + 1));
        if (random() % 3 == 0) {
          streams.AddBytes(rest.first(size));
        } else {
          EXPECT_EQ(streams.AddChunk(rest.first(size)), OpenSslDigest(rest.first(size))) << kernel.name << " " << size;
        }
        rest = rest.subspan(size);
      }
      EXPECT_EQ(streams.Finish(), OpenSslDigest(bytes)) << kernel.name << " " << bytes.size();
    }
  }
}

// All pairs of what the last chunk left over and what the next one has.
TEST(Sha256EngineTest, FileStreamsPhaseTable) {
  std::mt19937_64 random(4);
  const std::vector<uint8_t> bytes = RandomBytes(&random, 5 * kBlockBytes);
  for (const Kernel& kernel : Kernels()) {
    for (size_t first = 0; first <= 2 * kBlockBytes; ++first) {
      for (size_t second = 0; second <= 2 * kBlockBytes; second += 7) {
        FileStreams streams(kernel);
        std::span<const uint8_t> file = std::span(bytes).first(first + second);
        EXPECT_EQ(streams.AddChunk(file.first(first)), OpenSslDigest(file.first(first)));
        EXPECT_EQ(streams.AddChunk(file.subspan(first)), OpenSslDigest(file.subspan(first)));
        EXPECT_EQ(streams.Finish(), OpenSslDigest(file)) << kernel.name << " " << first << "+" << second;
      }
    }
  }
}

TEST(Sha256EngineTest, OpenSslKernelIsAlwaysThere) {
  ASSERT_NE(FindKernel("openssl"), nullptr);
  EXPECT_EQ(&Kernels().front(), FindKernel("openssl"));
  EXPECT_EQ(FindKernel("no such kernel"), nullptr);
  for (const Kernel& kernel : Kernels()) EXPECT_LE(kernel.lanes, kLanesMax);
}

}  // namespace
}  // namespace plumb::sha256
