// The bytes of a tensor whose rows stand in another order.
#ifndef PLUMB_FORMATS_CONVERT_REARRANGED_BYTES_H_
#define PLUMB_FORMATS_CONVERT_REARRANGED_BYTES_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "plumb/base/byte_source.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Reads rows of a source's tensor as they are asked for. Thread-safe.
class RearrangedBytes : public ByteSource {
 public:
  // Row i of the result is row rows[i] of `tensor`, which is of `source`; a row is `row_bytes` of its dense bytes.
  // REQUIRES: every row lies in the tensor; row_bytes is not 0.
  RearrangedBytes(std::shared_ptr<const TensorSource> source, const SourceTensor* tensor, std::vector<uint32_t> rows,
                  uint64_t row_bytes)
      : source_(std::move(source)), tensor_(tensor), rows_(std::move(rows)), row_bytes_(row_bytes) {}

  uint64_t Size() const override { return rows_.size() * row_bytes_; }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override;
  void Release(uint64_t begin, uint64_t end) const override;

 private:
  const std::shared_ptr<const TensorSource> source_;
  const SourceTensor* const tensor_;
  const std::vector<uint32_t> rows_;
  const uint64_t row_bytes_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_REARRANGED_BYTES_H_
