#include "client/library/pull_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "plumb/weights/layer_order.h"

namespace plumb {
namespace {

// Adds the extents of one file, with their ranks.
class FilePlanner {
 public:
  FilePlanner(PullFile* file, const BaseChunks& bases, PullPlan* plan, std::vector<uint32_t>* ranks)
      : file_(*file),
        bases_(bases),
        tensors_(file->file().tensors().begin(), file->file().tensors().end()),
        plan_(*plan),
        ranks_(*ranks) {}

  void Run() {
    size_t next = 0;  // The chunk that would go on the extent.
    size_t bytes = 0;
    for (size_t index : file_.missing()) {
      size_t size = file_.list().chunks()[index].size_bytes;
      uint32_t rank = RankOf(index);
      bool goes_on = next == index && next != 0 && bytes + size <= transfer::kExtentBytesMax && rank == ranks_.back();
      if (!goes_on) {
        plan_.extents.push_back({.file_offset = file_.list().offset(index), .chunks = {}});
        plan_.targets.push_back({&file_, index});
        ranks_.push_back(rank);
        bytes = 0;
      }
      plan_.extents.back().chunks.push_back(Want(index));
      bytes += size;
      next = index + 1;
    }
  }

 private:
  uint32_t RankOf(size_t index) const {
    const ChunkList& list = file_.list();
    std::optional<size_t> tensor = TensorOfChunk(tensors_, list.offset(index), list.chunks()[index].size_bytes);
    return tensor.has_value() ? LayerRank(tensors_[*tensor].name()) : 0;
  }

  transfer::WantedChunk Want(size_t index) const {
    const ChunkRef& chunk = file_.list().chunks()[index];
    return {.chunk = chunk, .have = bases_.Find(tensors_, file_.list().offset(index), chunk.size_bytes)};
  }

  PullFile& file_;
  const BaseChunks& bases_;
  const std::vector<v1::Tensor> tensors_;
  PullPlan& plan_;
  std::vector<uint32_t>& ranks_;
};

}  // namespace

PullPlan PlanExtents(std::span<const std::unique_ptr<PullFile>> files, const BaseChunks& bases) {
  PullPlan plan;
  std::vector<uint32_t> ranks;
  for (const std::unique_ptr<PullFile>& file : files) FilePlanner(file.get(), bases, &plan, &ranks).Run();
  std::vector<size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return ranks[a] < ranks[b]; });
  PullPlan sorted;
  for (size_t i : order) {
    sorted.extents.push_back(std::move(plan.extents[i]));
    sorted.targets.push_back(plan.targets[i]);
  }
  return sorted;
}

}  // namespace plumb
