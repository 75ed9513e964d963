#include "plumb/numpy/npz_writer.h"

#include <memory>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/numpy/npy_header.h"
#include "plumb/archive/crc32.h"
#include "plumb/archive/zip_writer.h"
#include "plumb/base/file.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/tensor_size.h"

namespace plumb {
namespace {

constexpr uint32_t kAlignment = 64;
constexpr size_t kPreambleBytes = 10;  // Magic, version, length.
// numpy.save leaves room for the first dimension to grow to as many digits.
constexpr size_t kGrowingDigits = 21;

std::string NpyHeaderText(const TensorToPlace& tensor) {
  // As Python prints a tuple.
  const std::string shape = fmt::format("({}{})", fmt::join(tensor.shape, ", "), tensor.shape.size() == 1 ? "," : "");
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", NpyTypeCode(tensor.dtype), shape);
  if (!tensor.shape.empty()) text.append(kGrowingDigits - fmt::formatted_size("{}", tensor.shape[0]), ' ');
  text.append(kAlignment - (kPreambleBytes + text.size() + 1) % kAlignment, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 255);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace

bool NumpyHolds(DType dtype) { return !NpyTypeCode(dtype).empty(); }

absl::StatusOr<ContainerLayout> LayOutNpz(const std::vector<TensorToPlace>& tensors) {
  if (tensors.empty()) return InvalidArgument("there are no tensors, and npz cannot be without");
  ContainerLayout layout;
  std::vector<std::string> headers;
  std::vector<ZipEntryToWrite> entries;
  for (const TensorToPlace& tensor : tensors) {
    if (!NumpyHolds(tensor.dtype)) {
      return InvalidArgument(
          fmt::format("write tensor {}: NumPy has no type {}", QuoteForMessage(tensor.name), DTypeName(tensor.dtype)));
    }
    PLUMB_ASSIGN_OR_RETURN(uint64_t size, TensorSizeBytes(tensor.dtype, tensor.shape));
    std::string header = NpyHeaderText(tensor);
    entries.push_back({tensor.name + ".npy", header.size() + size});
    headers.push_back(std::move(header));
    layout.data.push_back({0, size});
  }
  PLUMB_ASSIGN_OR_RETURN(ZipLayout zip, ZipLayout::New(std::move(entries), kAlignment));
  layout.file_bytes = zip.file_bytes();
  for (size_t i = 0; i < tensors.size(); ++i) {
    layout.data[i].offset = zip.data_begin(i) + headers[i].size();
    layout.fixed.push_back({zip.data_begin(i), headers[i]});
  }
  layout.seal = [zip = std::move(zip), headers = std::move(headers),
                 data = layout.data](std::span<const uint32_t> crc32s) {
    std::vector<uint32_t> sums;
    for (size_t i = 0; i < headers.size(); ++i) {
      sums.push_back(CombineCrc32(Crc32(AsBytes(headers[i])), crc32s[i], data[i].size_bytes));
    }
    return zip.Records(sums);
  };
  return layout;
}

}  // namespace plumb
