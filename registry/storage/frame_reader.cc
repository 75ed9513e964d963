#include "registry/storage/frame_reader.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// A chunk that was lost and came again as another difference makes the chains on it longer than Put allows.
constexpr size_t kChainMax = 2 * limits::kDifferenceDepthMax;
constexpr int kLooksMax = 8;
constexpr size_t kDecodersKept = 4;

absl::Status Missing(const Digest& digest) { return NotFound(fmt::format("no chunk {}", digest.ToHex())); }

// What a failure to read a stored chunk means to the caller.
absl::Status Damaged(const Digest& digest, const absl::Status& status) {
  return DataLoss(fmt::format("chunk {}: {}", digest.ToHex(), Message(status)));
}

}  // namespace

class FrameReader::Decoder {
 public:
  explicit Decoder(const FrameReader* reader) : reader_(*reader) {
    std::lock_guard lock(reader_.mutex_);
    if (reader_.decoders_.empty()) return;
    decoder_ = std::move(reader_.decoders_.back());
    reader_.decoders_.pop_back();
  }
  ~Decoder() {
    std::lock_guard lock(reader_.mutex_);
    if (decoder_ != nullptr && reader_.decoders_.size() < kDecodersKept) {
      reader_.decoders_.push_back(std::move(decoder_));
    }
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  FrameDecoder& operator*() {
    if (decoder_ == nullptr) decoder_ = std::make_unique<FrameDecoder>();
    return *decoder_;
  }

 private:
  const FrameReader& reader_;
  std::unique_ptr<FrameDecoder> decoder_;
};

absl::StatusOr<std::vector<uint8_t>> FrameReader::ReadFrame(const Digest& digest) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, index_.Find(digest));
  if (!entry.has_value()) return Missing(digest);
  return FetchFrame(digest, *std::move(entry));
}

absl::StatusOr<std::vector<uint8_t>> FrameReader::FetchFrame(const Digest& digest, ChunkEntry entry) const {
  for (int look = 0;; ++look) {
    absl::StatusOr<std::shared_ptr<const UniqueFd>> fd = folder_.Open(entry.at.pack);
    if (fd.ok()) {
      std::vector<uint8_t> frame(entry.at.frame_bytes);
      absl::Status read = PreadExactly((*fd)->get(), frame, entry.at.offset, folder_.PathOf(entry.at.pack));
      if (!read.ok()) return Damaged(digest, read);
      return frame;
    }
    if (!absl::IsNotFound(fd.status())) return Damaged(digest, fd.status());
    // A collection moved the frame and deleted the pack since we looked; unless the pack is lost.
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> now, index_.Find(digest));
    if (!now.has_value()) return Missing(digest);
    if (now->at == entry.at || look == kLooksMax) return Damaged(digest, fd.status());
    entry = *std::move(now);
  }
}

absl::Status FrameReader::DecodeFrame(const Digest& digest, std::span<const uint8_t> frame,
                                      std::span<const uint8_t> base, std::span<uint8_t> plain) const {
  absl::StatusOr<FrameHeader> header = ParseFrameHeader(frame);
  if (!header.ok()) return Damaged(digest, header.status());
  if (header->plain_bytes != plain.size()) {
    return DataLoss(
        fmt::format("chunk {} has {} bytes, its frame says {}", digest.ToHex(), plain.size(), header->plain_bytes));
  }
  if (header->base.has_value() != !base.empty()) {
    return DataLoss(
        fmt::format("chunk {}: the index and the frame disagree on whether it is a difference", digest.ToHex()));
  }
  absl::Status decoded = (*Decoder(this)).Decode(frame, base, plain);
  return decoded.ok() ? decoded : Damaged(digest, decoded);
}

absl::Status FrameReader::Read(const Digest& digest, std::span<uint8_t> out) const {
  std::vector<std::pair<Digest, ChunkEntry>> chain;
  for (std::optional<Digest> next = digest; next.has_value();) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkEntry> entry, index_.Find(*next));
    if (!entry.has_value() && chain.empty()) return Missing(digest);
    if (!entry.has_value() || chain.size() == kChainMax || entry->plain_bytes != out.size()) {
      return DataLoss(fmt::format(
          "chunk {} cannot be read: {}", digest.ToHex(),
          !entry.has_value() ? fmt::format("its base {} is missing", next->ToHex())
          : chain.size() == kChainMax
              ? fmt::format("more than {} differences lie on each other", kChainMax)
              : fmt::format("{} is stored with {} bytes, expected {}", next->ToHex(), entry->plain_bytes, out.size())));
    }
    Digest at = *next;
    next = entry->base;
    chain.emplace_back(at, *std::move(entry));
  }
  std::vector<uint8_t> base;
  std::vector<uint8_t> plain;
  for (; !chain.empty(); chain.pop_back()) {
    const auto& [at, entry] = chain.back();
    absl::StatusOr<std::vector<uint8_t>> frame = FetchFrame(at, entry);
    if (absl::IsNotFound(frame.status()) && at != digest) return Damaged(digest, frame.status());
    PLUMB_RETURN_IF_ERROR(frame.status());
    if (chain.size() == 1) return DecodeFrame(at, *frame, base, out);
    plain.resize(out.size());
    PLUMB_RETURN_IF_ERROR(DecodeFrame(at, *frame, base, plain));
    std::swap(base, plain);
  }
  return absl::OkStatus();
}

absl::Status FrameReader::Decode(const FrameHeader& header, std::span<const uint8_t> frame,
                                 std::span<uint8_t> out) const {
  std::vector<uint8_t> base;
  if (header.base.has_value()) {
    base.resize(header.plain_bytes);
    PLUMB_RETURN_IF_ERROR(Read(*header.base, base));
  }
  return (*Decoder(this)).Decode(frame, base, out);
}

}  // namespace plumb
