// Backends whose hardware may be missing, and how they are chosen.
#include <gmock/gmock.h>

#include "plumb/base/status.h"
#include "plumb/inference/backend.h"

namespace plumb {
namespace {

// Hardware that is not there is no error, and nothing else than UNAVAILABLE with a reason.
TEST(DeviceBackendsTest, AreAvailableOrSayWhyNot) {
  for (const char* name : {"opencl", "cuda", "hip"}) {
    absl::StatusOr<const Backend*> backend = FindBackend(name);
    ASSERT_TRUE(backend.ok()) << backend.status();
    const absl::Status available = (*backend)->Available();
    std::printf("%s: %s\n", name, (*backend)->description().c_str());
    if (available.ok()) continue;
    EXPECT_TRUE(absl::IsUnavailable(available)) << available;
    EXPECT_FALSE((*backend)->description().empty());
    GraphBuilder b;
    absl::StatusOr<Graph> graph = b.Build(b.Scale("s", 1, b.Input("x", ElementType::kF32, {1})));
    EXPECT_TRUE(absl::IsUnavailable((*backend)->Plan(*graph).status()));
  }
}

TEST(DeviceBackendsTest, AreChosenByNumber) {
  absl::StatusOr<const Backend*> far = FindBackend("opencl:999");
  ASSERT_TRUE(far.ok()) << far.status();
  EXPECT_EQ((*far)->name(), "opencl:999");
  EXPECT_EQ(*FindBackend("opencl:999"), *far);
  EXPECT_TRUE(absl::IsUnavailable((*far)->Available()));
  absl::StatusOr<const Backend*> first = FindBackend("opencl:0");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->Available().ok(), (*FindBackend("opencl"))->Available().ok());
  for (const char* wrong : {"opencl:", "opencl:x", "opencl:-1", "opencl:1:1", "cuda:1000", "reference:1", "tpu:0"}) {
    EXPECT_EQ(ErrorClassOf(FindBackend(wrong).status()), ErrorClass::kUsage) << wrong;
  }
}

}  // namespace
}  // namespace plumb
