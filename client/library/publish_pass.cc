#include "client/library/publish_pass.h"

#include <algorithm>
#include <utility>

#include "client/rpc/channel.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

// Plain chunks take a fifth of the budget, frames a quarter; the rest is for the encoders and for gRPC.
size_t BufferCount(uint64_t memory_bytes) {
  return std::max<size_t>(kHashBuffersMin, memory_bytes / 5 / limits::kChunkBytes);
}

}  // namespace

PublishPass::PublishPass(Connection& connection, const Directory& folder, const PublishPlan& plan,
                         const PublishOptions& options, const Operation& operation)
    : connection_(connection),
      folder_(folder),
      plan_(plan),
      options_(options),
      operation_(operation),
      pool_(BufferCount(options.memory_bytes), limits::kChunkBytes) {}

absl::Status PublishPass::UseParent(const Digest& release) {
  PLUMB_ASSIGN_OR_RETURN(StoredManifest parent, GetManifest(connection_, release));
  return AddWeights(connection_, parent.manifest, &similar_);
}

absl::Status PublishPass::Run(bool send, PublishResult* result) {
  progress_ = {.phase = send ? "publish" : "hash", .item = {}, .done_bytes = 0, .total_bytes = 0};
  for (const PlannedFile& file : plan_.files) progress_.total_bytes += file.size_bytes;
  if (!send) return RunWith(nullptr);
  auto sent = [&](const ChunkRef&, uint64_t bytes) {
    std::lock_guard lock(mutex_);
    ++result->new_chunks;
    result->uploaded_bytes += bytes;
  };
  transfer::UploadOptions upload{.streams = options_.parallel,
                                 .memory_bytes = options_.memory_bytes / 4,
                                 .bytes_per_second = options_.bytes_per_second};
  ChunkSender sender(connection_, upload, &pool_, sent, operation_);
  PLUMB_RETURN_IF_ERROR(RunWith(&sender));
  PLUMB_RETURN_IF_ERROR(sender.Finish());
  return PutMissingLists();
}

absl::Status PublishPass::RunWith(ChunkSender* sender) {
  std::vector<HashedFile> hashed_files;
  WeightWatch watch;
  bool watching = options_.watch_values && !warned_;
  for (const PlannedFile& file : plan_.files) {
    progress_.item = file.path;
    if (watching) watch.Begin(file.path, file.tensors, file.big_endian);
    PLUMB_ASSIGN_OR_RETURN(HashedFile hashed, HashPlanned(file, watching ? &watch : nullptr, sender));
    if (watching) watch.End(hashed.chunks);
    size_t index = hashed_files.size();
    bool changed =
        hashed.size_bytes != file.size_bytes || (index < files_.size() && files_[index].sha256 != hashed.sha256);
    if (changed) return absl::AbortedError(fmt::format("{} changed while it was being published", file.path));
    hashed_files.push_back(std::move(hashed));
  }
  files_ = std::move(hashed_files);
  if (watching) {
    for (const std::string& warning : watch.Warnings()) operation_.Warn(warning);
  }
  warned_ = true;
  return absl::OkStatus();
}

absl::StatusOr<HashedFile> PublishPass::HashPlanned(const PlannedFile& file, WeightWatch* watch, ChunkSender* sender) {
  auto visit = [&](std::span<FileChunk> batch) { return Visit(file, batch, watch, sender); };
  if (!file.generated.empty()) return HashBytes(file.generated, &pool_, visit);
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder_.OpenFile(file.path));
  return HashFile(fd.get(), file.path, file.TensorRanges(), &pool_, visit);
}

absl::Status PublishPass::Visit(const PlannedFile& file, std::span<FileChunk> batch, WeightWatch* watch,
                                ChunkSender* sender) {
  std::vector<ChunkSender::Task> tasks = MakeTasks(file, batch);
  uint64_t bytes = 0;
  for (const ChunkSender::Task& task : tasks) {
    const ChunkRef& chunk = task.chunk.chunk;
    bytes += chunk.size_bytes;
    if (watch == nullptr) continue;
    // Whoever published the parent was told of what it holds.
    const bool told = task.similar.has_value() && *task.similar == chunk.digest;
    watch->Add(task.chunk.offset, {task.chunk.bytes.get(), chunk.size_bytes},
               told ? WeightWatch::Depth::kSample : WeightWatch::Depth::kAll);
  }
  if (sender != nullptr) {
    PLUMB_RETURN_IF_ERROR(sender->Send(std::move(tasks)));
  } else {
    for (ChunkSender::Task& task : tasks) pool_.Return(std::move(task.chunk.bytes));
  }
  std::lock_guard lock(mutex_);
  progress_.done_bytes += bytes;
  operation_.Report(progress_);
  return operation_.Check();
}

std::vector<ChunkSender::Task> PublishPass::MakeTasks(const PlannedFile& file, std::span<FileChunk> batch) const {
  std::vector<ChunkSender::Task> tasks;
  for (FileChunk& chunk : batch) {
    uint32_t size = chunk.chunk.size_bytes;
    std::optional<size_t> tensor = TensorOfChunk(file.tensors, chunk.offset, size);
    std::optional<SimilarChunk> similar = similar_.Find(file.tensors, chunk.offset, size);
    ChunkSender::Task& task = tasks.emplace_back();
    if (tensor.has_value()) task.elements = ElementsOfDType(file.tensors[*tensor].dtype());
    if (similar.has_value()) task.similar = similar->digest;
    task.chunk = {.chunk = chunk.chunk, .offset = chunk.offset, .bytes = std::move(chunk.bytes)};
  }
  return tasks;
}

absl::Status PublishPass::PutMissingLists() {
  for (const HashedFile& file : files_) {
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    PLUMB_ASSIGN_OR_RETURN(bool missing, transfer::IsChunkListMissing(connection_.channel(), file.chunks.TreeRoot()));
    if (missing) PLUMB_RETURN_IF_ERROR(transfer::PutChunkList(connection_.channel(), file.chunks));
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredManifest> PublishPass::Build(const LineageFinder& lineage) const {
  v1::Manifest manifest = plan_.manifest;
  for (size_t i = 0; i < files_.size(); ++i) {
    const PlannedFile& planned = plan_.files[i];
    const HashedFile& hashed = files_[i];
    v1::File* file = manifest.add_files();
    file->set_path(planned.path);
    file->set_size_bytes(hashed.size_bytes);
    file->set_sha256(hashed.sha256.ToBytes());
    file->set_tree_root(hashed.chunks.TreeRoot().ToBytes());
    file->set_chunk_count(hashed.chunks.size());
    file->mutable_tensors()->Assign(planned.tensors.begin(), planned.tensors.end());
    file->set_generated(!planned.generated.empty());
  }
  lineage.Finish(&manifest);
  return BuildManifest(std::move(manifest));
}

}  // namespace plumb
