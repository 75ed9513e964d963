// Chunk lists in the metadata store, by tree root.
#ifndef PLUMB_REGISTRY_CATALOGUE_CHUNK_LISTS_H_
#define PLUMB_REGISTRY_CATALOGUE_CHUNK_LISTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/merkle.h"
#include "registry/catalogue/sweep_gate.h"
#include "registry/storage/clock.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// What is known of a list without reading it.
struct ChunkListInfo {
  uint64_t chunk_count = 0;
  uint64_t size_bytes = 0;  // Of the file.
  TimePoint touched;        // When it was last sent or asked for.
  std::string page_set;     // Names its pages.
};

// Chunk lists in pages of kChunksPerPage, so that neither sending nor reading one takes
// memory that grows with it. The empty list always exists. Thread-safe.
class ChunkLists {
 public:
  static constexpr uint32_t kChunksPerPage = 4096;

  // Sees the chunks of a list in order, a page at a time, with the index of the first; an error ends the reading.
  using PageVisitor = std::function<absl::Status(uint64_t first, std::span<const ChunkRef> chunks)>;
  // Sees one list; an error ends the iteration.
  using ListVisitor = std::function<absl::Status(const Digest& tree_root, const ChunkListInfo& info)>;

  // Both must outlive the object.
  ChunkLists(MetadataStore* store, SweepGate* gate, Clock clock)
      : store_(store), gate_(gate), clock_(std::move(clock)) {}

  // Deletes pages of lists whose sending a crash cut off. Call once, before any Writer.
  absl::Status RemoveUnfinished();

  absl::StatusOr<std::optional<ChunkListInfo>> Find(const Digest& tree_root) const;
  // Renews the time each was last asked for, and returns those that are missing, in the order asked.
  absl::StatusOr<std::vector<Digest>> Touch(std::span<const Digest> tree_roots);
  // Chunks [first, first + count), or fewer at the end. NOT_FOUND when there is no such list;
  // DATA_LOSS when its pages are damaged.
  absl::StatusOr<std::vector<ChunkRef>> Read(const Digest& tree_root, uint64_t first, uint64_t count) const;
  // Every chunk of a list. Errors as Read.
  absl::Status ForEachPage(const Digest& tree_root, const PageVisitor& visitor) const;
  // Every list in the order of roots; the visitor may call this object.
  absl::Status ForEachList(const ListVisitor& visitor) const;
  // Deletes a list and what is known about its file. Call while holding the gate's Sweep().
  absl::Status Remove(const Digest& tree_root);

  // Takes one list as it is sent. Not thread-safe.
  class Writer {
   public:
    ~Writer();
    // Adds chunks at the end. INVALID_ARGUMENT for a chunk that cannot be; OUT_OF_RANGE past the limits of a file.
    absl::Status Append(const ChunkRef& chunk);
    // Makes the list visible if its root is the one announced. INVALID_ARGUMENT, naming both, if not.
    absl::StatusOr<ChunkListInfo> Finish();

   private:
    friend class ChunkLists;
    Writer(ChunkLists* lists, const Digest& tree_root, std::string page_set)
        : lists_(lists), tree_root_(tree_root), page_set_(std::move(page_set)) {}
    void ClosePage();
    absl::Status Stage();

    ChunkLists* const lists_;
    const Digest tree_root_;
    const std::string page_set_;
    MerkleRootBuilder builder_;
    uint64_t size_bytes_ = 0;
    std::string page_;     // The page being filled.
    uint32_t pages_ = 0;   // Pages closed so far.
    bool staged_ = false;  // Pages stand in the store ahead of their list.
    Transaction pending_;  // Closed pages that are not written yet.
  };
  absl::StatusOr<std::unique_ptr<Writer>> Write(const Digest& tree_root);

 private:
  absl::Status RemovePages(const std::string& page_set, Transaction transaction);
  absl::StatusOr<std::vector<ChunkRef>> ReadPage(const ChunkListInfo& info, const Digest& tree_root,
                                                 uint32_t page) const;

  MetadataStore* const store_;
  SweepGate* const gate_;
  const Clock clock_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_CHUNK_LISTS_H_
