#include "client/cli/inspect_view.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

InspectedContainer Sample() {
  InspectedContainer container{.path = "m.pt", .format = "pytorch-zip"};
  container.files = {{"m.pt", 100}};
  SourceTensor wte{.name = "wte", .dtype = DType::kF32, .shape = {2, 3}, .ranges = {{0, 8, 32}}};
  SourceTensor turned{
      .name = "turned", .dtype = DType::kF32, .shape = {3, 2}, .strides = {1, 3}, .ranges = {{0, 8, 32}}};
  wte.shared_storage = 0;
  turned.shared_storage = 0;
  SourceTensor ids{.name = "ids", .dtype = DType::kI64, .shape = {}, .ranges = {{0, 32, 40}}};
  container.tensors = {wte, turned, ids};
  container.metadata = {{"epoch", int64_t{3}}, {"names", std::vector<std::string>(20, "x")}};
  container.notes = {"its pickle imports a.b at byte 7, which Plumb does not run"};
  container.conventions = RecogniseConventions(container.tensors);
  return container;
}

TEST(InspectViewTest, JsonKeysStay) {
  Inspection inspection{.containers = {Sample()}, .other_files = 2, .size_bytes = 120, .received_bytes = 7};
  inspection.containers[0].statistics = {TensorStatistics{.count = 6, .zeros = 1, .min = -2, .max = 1, .mean = 0.5},
                                         std::nullopt, std::nullopt};
  Json json = InspectionJson(inspection, /*with_tensors=*/true);
  EXPECT_EQ(
      DumpJson(json, false),
      R"({"containers":[{"path":"m.pt","format":"pytorch-zip","bytes":100,"tensor_count":3,"parameters":7,)"
      R"("types":[{"dtype":"F32","tensor_count":2,"elements":12,"bytes":48},)"
      R"({"dtype":"I64","tensor_count":1,"elements":1,"bytes":8}],"conventions":[],"shared":[["wte","turned"]],)"
      R"("metadata":{"epoch":3,"names":{"count":20,"first":["x","x","x","x","x","x","x","x","x","x","x","x","x",)"
      R"("x","x","x"]}},"notes":["its pickle imports a.b at byte 7, which Plumb does not run"],)"
      R"("unreadable":[],"from_manifest":false,"foreign":"","error":"","files":[{"path":"m.pt","bytes":100}],"tensors":[{"name":"wte",)"
      R"("dtype":"F32","shape":[2,3],"strides":[],"bytes":24,"ranges":[{"file":"m.pt","begin":8,"end":32}],)"
      R"("shared_storage":0,"statistics":{"count":6,"min":-2.0,"max":1.0,"mean":0.5,"std":0.0,"absmax":2.0,)"
      R"("zeros":1,"nans":0,"infinities":0}},{"name":"turned","dtype":"F32","shape":[3,2],"strides":[1,3],)"
      R"("bytes":24,"ranges":[{"file":"m.pt","begin":8,"end":32}],"shared_storage":0,"statistics":null},)"
      R"({"name":"ids","dtype":"I64","shape":[],"strides":[],"bytes":8,"ranges":[{"file":"m.pt","begin":32,)"
      R"("end":40}],"shared_storage":null,"statistics":null}]}],"bytes":120,"other_files":2,"received_bytes":7})");
}

TEST(InspectViewTest, JsonWithoutTensorsAndWithAnError) {
  Inspection inspection;
  inspection.containers = {{.path = "x.gguf", .format = "gguf", .files = {{"x.gguf", 9}}}};
  inspection.containers[0].error = InvalidArgument("x.gguf: cut short");
  Json json = InspectionJson(inspection, false);
  EXPECT_EQ(json["containers"][0]["error"], "x.gguf: cut short");
  EXPECT_FALSE(json["containers"][0].contains("tensors"));
}

TEST(InspectViewTest, ContainerForPeople) {
  EXPECT_EQ(
      ContainerTable(Sample()).Render(false, 0),
      "  Size      100 B\n"
      "  Tensors   3, 7 parameters\n"
      "  Types     F32 48 B (2 tensors), I64 8 B (1 tensor)\n"
      "  Shared    wte = turned\n"
      "  Metadata  epoch = 3\n"
      "            names = list of 20: [\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\","
      "\"x\",\"x…\n"
      "  Note      its pickle imports a.b at byte 7, which Plumb does not run\n");
}

TEST(InspectViewTest, TensorsForPeople) {
  EXPECT_EQ(InspectedTensorTable(Sample()).Render(false, 0),
            "  TYPE  SHAPE   SIZE  LAYOUT                    TENSOR\n"
            "  F32   [2, 3]  24 B  shared 0                  wte\n"
            "  F32   [3, 2]  24 B  shared 0, strides [1, 3]  turned\n"
            "  I64   []       8 B                            ids\n");
  InspectedContainer plain = Sample();
  plain.tensors = {{.name = "w\x1b[31m", .shape = {4}}};
  plain.statistics = {TensorStatistics{.count = 4, .zeros = 1, .nans = 1, .min = -1, .max = 2}};
  std::string text = InspectedTensorTable(plain).Render(false, 0);
  EXPECT_THAT(text, Not(HasSubstr("LAYOUT")));
  EXPECT_THAT(text, HasSubstr("25%    1    0"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(InspectViewTest, CountsForPeople) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(999'999), "999,999");
  EXPECT_EQ(FormatCount(1'000'000), "1.00 M");
  EXPECT_EQ(FormatCount(10'650'000), "10.7 M");
  EXPECT_EQ(FormatCount(999'600'000), "1.00 B");
  EXPECT_EQ(FormatCount(671'026'419'200), "671 B");
  EXPECT_EQ(FormatCount(1'500'000'000'000), "1.50 T");
}

}  // namespace
}  // namespace plumb::cli
