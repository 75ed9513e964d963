// What CUDA's driver and HIP are asked, with functions of this test in their places: no device is needed.
#include "verify/inference/backends/device/runtime_device.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>

#include "plumb/base/status.h"

namespace plumb::device {
namespace {

using testing::HasSubstr;

// What the last launch was given. The "kernel" sees its arguments as the runtimes do: pointers to each.
struct Seen {
  unsigned grid[6] = {};
  Address memory = 0;
  uint32_t count = 0;
  float factor = 0;
  int live = 0;      // Allocations not yet freed.
  int compiled = 0;  // Sources.
  int fail = 0;      // What the next launch returns.
} g_seen;

RuntimeApi HostApi() {
  RuntimeApi api;
  api.name = "TEST";
  api.allocate = [](Address* address, size_t bytes) {
    if (bytes > 1 << 20) return 2;
    *address = reinterpret_cast<Address>(std::malloc(bytes));
    ++g_seen.live;
    return 0;
  };
  api.free = [](Address address) {
    std::free(reinterpret_cast<void*>(address));
    --g_seen.live;
    return 0;
  };
  api.upload = [](Address to, const void* from, size_t bytes) {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return 0;
  };
  api.download = [](void* to, Address from, size_t bytes) {
    std::memcpy(to, reinterpret_cast<void*>(from), bytes);
    return 0;
  };
  api.load_module = [](void** module, const void* code) {
    *module = const_cast<void*>(code);
    return 0;
  };
  api.find_function = [](void** function, void*, const char* name) {
    *function = function;
    return std::string_view(name) == "absent" ? 500 : 0;
  };
  api.launch = [](void*, unsigned gx, unsigned gy, unsigned gz, unsigned ix, unsigned iy, unsigned iz, unsigned, void*,
                  void** arguments, void**) {
    const unsigned grid[] = {gx, gy, gz, ix, iy, iz};
    std::memcpy(g_seen.grid, grid, sizeof(grid));
    std::memcpy(&g_seen.memory, arguments[0], sizeof(g_seen.memory));
    std::memcpy(&g_seen.count, arguments[1], sizeof(g_seen.count));
    std::memcpy(&g_seen.factor, arguments[2], sizeof(g_seen.factor));
    return g_seen.fail;
  };
  api.synchronize = [] { return 0; };
  api.make_current = [] { return 0; };
  api.error_text = [](int) { return std::string("as the runtime says it"); };
  return api;
}

class RuntimeDeviceTest : public testing::Test {
 protected:
  RuntimeDeviceTest()
      : device_(
            HostApi(),
            [](std::string_view) {
              ++g_seen.compiled;
              return absl::StatusOr<std::string>("code");
            },
            "a test") {
    g_seen = Seen();
  }
  absl::Status Launch(const Memory& memory, const std::string& kernel = "kernel") {
    return device_.Launch({"source", kernel}, Grid{{2, 3, 4}, {5, 6, 7}},
                          Arguments().At(memory).Value(uint32_t{77}).Value(2.5f));
  }
  RuntimeDevice device_;
};

TEST_F(RuntimeDeviceTest, PassesGridAndArgumentsInOrder) {
  auto memory = device_.Allocate(64);
  ASSERT_TRUE(memory.ok());
  auto part = device_.Part(**memory, 16, 8);
  ASSERT_TRUE(Launch(**memory).ok());
  EXPECT_THAT(g_seen.grid, testing::ElementsAre(2, 3, 4, 5, 6, 7));
  EXPECT_EQ(g_seen.count, 77u);
  EXPECT_EQ(g_seen.factor, 2.5f);
  const Address whole = g_seen.memory;
  ASSERT_TRUE(Launch(**part).ok());
  EXPECT_EQ(g_seen.memory, whole + 16);
}

TEST_F(RuntimeDeviceTest, CompilesASourceOnce) {
  auto memory = device_.Allocate(1);
  for (const char* kernel : {"a", "b", "a"}) EXPECT_TRUE(Launch(**memory, kernel).ok());
  EXPECT_EQ(g_seen.compiled, 1);
}

TEST_F(RuntimeDeviceTest, MovesBytesAndFrees) {
  {
    auto memory = device_.Allocate(3);
    const std::vector<uint8_t> bytes = {1, 2, 3};
    ASSERT_TRUE(device_.Upload(**memory, bytes).ok());
    std::vector<uint8_t> back(3);
    ASSERT_TRUE(device_.Download(**memory, back).ok());
    EXPECT_EQ(back, bytes);
    EXPECT_EQ(g_seen.live, 1);
  }
  EXPECT_EQ(g_seen.live, 0);
}

TEST_F(RuntimeDeviceTest, NamesTheCallThatFailed) {
  auto memory = device_.Allocate(1);
  EXPECT_THAT(std::string(Message(Launch(**memory, "absent"))),
              testing::AllOf(HasSubstr("TEST"), HasSubstr("looking for absent"), HasSubstr("500")));
  g_seen.fail = 700;
  const absl::Status status = Launch(**memory);
  EXPECT_THAT(std::string(Message(status)),
              testing::AllOf(HasSubstr("launch of kernel"), HasSubstr("700"), HasSubstr("as the runtime says it")));
  EXPECT_TRUE(absl::IsResourceExhausted(device_.Allocate(2 << 20).status()));
}

TEST_F(RuntimeDeviceTest, AWriterThatFailsLeavesTheMemoryAlone) {
  auto memory = device_.Allocate(1);
  const std::vector<uint8_t> before = {9};
  ASSERT_TRUE(device_.Upload(**memory, before).ok());
  EXPECT_FALSE(device_
                   .Fill(**memory,
                         [](std::span<uint8_t> out) {
                           out[0] = 1;
                           return InvalidArgument("no");
                         })
                   .ok());
  std::vector<uint8_t> after(1);
  ASSERT_TRUE(device_.Download(**memory, after).ok());
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace plumb::device
