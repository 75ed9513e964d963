#include "formats/convert/write_payloads.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "formats/convert/encode.h"
#include "plumb/archive/crc32.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr unsigned kThreadsMax = 8;
// What one thread reads, converts and writes at a time: elements, and bytes where nothing is converted.
constexpr uint64_t kPieceElements = 1u << 19;
constexpr uint64_t kPieceBytes = 4u << 20;

// A run of one payload: elements when it is converted, else bytes.
struct Piece {
  uint32_t payload = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

bool IsConverted(const Payload& payload) { return payload.tensor->dtype != payload.dtype; }

// Pieces on several threads, the next one wherever one is done.
class Run {
 public:
  Run(const std::vector<Payload>& payloads, const ContainerLayout& layout, const StagedFile& file,
      const std::function<absl::Status(uint64_t, uint64_t)>& progress)
      : payloads_(payloads), layout_(layout), file_(file), progress_(progress) {
    for (size_t i = 0; i < payloads.size(); ++i) {
      const bool converted = IsConverted(payloads[i]);
      const uint64_t end = converted ? payloads[i].tensor->element_count() : layout.data[i].size_bytes;
      const uint64_t step = converted ? kPieceElements : kPieceBytes;
      for (uint64_t at = 0; at < end; at += step) {
        pieces_.push_back({static_cast<uint32_t>(i), at, std::min(at + step, end)});
      }
      total_bytes_ += layout.data[i].size_bytes;
    }
    crc32s_.resize(layout.seal ? pieces_.size() : 0);
    written_.overflowed.resize(payloads.size());
  }

  absl::StatusOr<WrittenPayloads> Do() {
    const size_t count = std::min<size_t>(
        {std::max(1u, std::thread::hardware_concurrency()), kThreadsMax, std::max<size_t>(pieces_.size(), 1)});
    std::vector<std::thread> threads;
    for (size_t i = 1; i < count; ++i) threads.emplace_back([this] { Work(); });
    Work();
    for (std::thread& thread : threads) thread.join();
    PLUMB_RETURN_IF_ERROR(error_);
    if (layout_.seal) CombineSums();
    return std::move(written_);
  }

 private:
  void Work() {
    EncodeBuffers buffers;
    for (size_t i = next_++; i < pieces_.size(); i = next_++) {
      absl::StatusOr<uint64_t> written_bytes = Do(i, &buffers);
      std::lock_guard lock(mutex_);
      if (written_bytes.ok()) {
        done_bytes_ += *written_bytes;
        if (progress_ && error_.ok()) error_ = progress_(done_bytes_, total_bytes_);
      } else if (error_.ok()) {
        error_ = written_bytes.status();
      }
      if (!error_.ok()) return;
    }
  }

  // Writes piece `i`; how many bytes it has there.
  absl::StatusOr<uint64_t> Do(size_t i, EncodeBuffers* buffers) {
    const Piece& piece = pieces_[i];
    const Payload& payload = payloads_[piece.payload];
    uint64_t offset = layout_.data[piece.payload].offset;
    std::span<const uint8_t> bytes;
    if (IsConverted(payload)) {
      PLUMB_ASSIGN_OR_RETURN(uint64_t overflowed,
                             EncodeElements(payload, piece.begin, piece.end - piece.begin, buffers));
      bytes = buffers->bytes;
      const DTypeBlock block = BlockOf(payload.dtype);
      offset += piece.begin / block.elements * block.bytes;
      std::lock_guard lock(mutex_);
      written_.overflowed[piece.payload] += overflowed;
    } else {
      PLUMB_ASSIGN_OR_RETURN(bytes, Bytes(payload, piece, buffers));
      offset += piece.begin;
    }
    PLUMB_RETURN_IF_ERROR(file_.Write(bytes, offset));
    if (layout_.seal) crc32s_[i] = Crc32(bytes);
    Release(payload, piece);
    return bytes.size();
  }

  // The piece's bytes where they lie, or read into the buffer.
  static absl::StatusOr<std::span<const uint8_t>> Bytes(const Payload& payload, const Piece& piece,
                                                        EncodeBuffers* buffers) {
    const uint64_t count = piece.end - piece.begin;
    if (auto view = payload.source->View(*payload.tensor)) return view->subspan(piece.begin, count);
    buffers->bytes.resize(count);
    PLUMB_RETURN_IF_ERROR(payload.source->ReadBytes(*payload.tensor, piece.begin, buffers->bytes));
    return std::span<const uint8_t>(buffers->bytes);
  }

  // Lets go of what the piece was read from, where that lies in one run.
  static void Release(const Payload& payload, const Piece& piece) {
    const SourceTensor& tensor = *payload.tensor;
    if (tensor.ranges.size() != 1 || !tensor.strides.empty()) return;
    const DTypeBlock block = IsConverted(payload) ? BlockOf(tensor.dtype) : DTypeBlock{1, 1};
    const uint64_t begin = tensor.ranges[0].begin + piece.begin / block.elements * block.bytes;
    const uint64_t end = tensor.ranges[0].begin + piece.end / block.elements * block.bytes;
    payload.source->files()[tensor.ranges[0].file].bytes->Release(begin, end);
  }

  void CombineSums() {
    written_.crc32s.resize(payloads_.size());
    for (size_t i = 0; i < pieces_.size(); ++i) {
      const Piece& piece = pieces_[i];
      const Payload& payload = payloads_[piece.payload];
      const DTypeBlock block = IsConverted(payload) ? BlockOf(payload.dtype) : DTypeBlock{1, 1};
      uint32_t& sum = written_.crc32s[piece.payload];
      const uint64_t bytes = (piece.end - piece.begin) / block.elements * block.bytes;
      sum = piece.begin == 0 ? crc32s_[i] : CombineCrc32(sum, crc32s_[i], bytes);
    }
  }

  const std::vector<Payload>& payloads_;
  const ContainerLayout& layout_;
  const StagedFile& file_;
  const std::function<absl::Status(uint64_t, uint64_t)>& progress_;
  std::vector<Piece> pieces_;
  uint64_t total_bytes_ = 0;
  std::vector<uint32_t> crc32s_;  // Parallel to pieces_, each written by one thread; empty when no sums are needed.
  std::atomic<size_t> next_{0};
  std::mutex mutex_;  // Guards what follows.
  uint64_t done_bytes_ = 0;
  WrittenPayloads written_;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<WrittenPayloads> WritePayloads(const std::vector<Payload>& payloads, const ContainerLayout& layout,
                                              const StagedFile& file,
                                              const std::function<absl::Status(uint64_t, uint64_t)>& progress) {
  return Run(payloads, layout, file, progress).Do();
}

}  // namespace plumb
