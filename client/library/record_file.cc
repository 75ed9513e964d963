#include "client/library/record_file.h"

#include <random>

#include "client/library/folder_text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"
#include "plumb/v1/content.pb.h"

namespace plumb {
namespace {

absl::Status BadRecord(const Directory& directory, std::string_view name, std::string_view what) {
  return WithErrorClass(
      DataLoss(fmt::format("{}/{} is damaged: {}; pull the release again", directory.path(), name, what)),
      ErrorClass::kVerification);
}

}  // namespace

std::string RandomSuffix() {
  thread_local std::mt19937_64 random(std::random_device{}() + (uint64_t{std::random_device{}()} << 32));
  return fmt::format("{:016x}", random());
}

absl::Status ReplaceFile(const Directory& directory, const std::string& name, std::string_view data) {
  // A name of its own: where locks do nothing, another pull may be writing the same record.
  const std::string temporary = fmt::format("{}.{}", name, RandomSuffix());
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory.OpenForWriting(temporary));
  absl::Status written = PwriteAll(fd.get(), AsBytes(data), 0, temporary);
  if (written.ok()) written = fd.Close();
  if (written.ok()) written = directory.Rename(temporary, name);
  if (!written.ok()) directory.Remove(temporary).IgnoreError();
  return written;
}

absl::Status WriteChunkList(const Directory& directory, const std::string& name, const ChunkList& list) {
  v1::GetChunkListResponse record;
  for (const ChunkRef& chunk : list.chunks()) {
    v1::Chunk* entry = record.add_chunks();
    entry->set_digest(chunk.digest.ToBytes());
    entry->set_size_bytes(chunk.size_bytes);
  }
  record.set_chunk_count(list.size());
  return ReplaceFile(directory, name, record.SerializeAsString());
}

absl::StatusOr<ChunkList> ReadChunkList(const Directory& directory, const std::string& name, const v1::File& file) {
  // An entry takes at most 48 bytes: digest, size and tags.
  uint64_t bytes_max = 64 + 48 * file.chunk_count();
  PLUMB_ASSIGN_OR_RETURN(std::string bytes, ReadText(directory, name, bytes_max));
  v1::GetChunkListResponse record;
  if (!record.ParseFromString(bytes)) return BadRecord(directory, name, "not a chunk list");
  ChunkList list;
  for (const v1::Chunk& chunk : record.chunks()) {
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(chunk.digest()));
    if (!list.Append({digest, chunk.size_bytes()}).ok()) return BadRecord(directory, name, "an impossible chunk");
  }
  if (list.TreeRoot().ToBytes() != file.tree_root() || list.file_bytes() != file.size_bytes()) {
    return BadRecord(directory, name, "not the chunk list that the manifest names");
  }
  return list;
}

}  // namespace plumb
