#include "registry/catalogue/catalogue.h"

#include <utility>

#include "plumb/base/status.h"
#include "registry/catalogue/model_summary.h"

namespace plumb {

absl::StatusOr<std::unique_ptr<Catalogue>> Catalogue::New(MetadataStore* store, ChunkStore* chunks, Clock clock) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal, Journal::New(store, clock));
  auto catalogue = std::unique_ptr<Catalogue>(new Catalogue(store, chunks, std::move(journal), clock));
  PLUMB_RETURN_IF_ERROR(catalogue->content_.lists().RemoveUnfinished());
  PLUMB_RETURN_IF_ERROR(EnsureSummaries(store));
  return catalogue;
}

Catalogue::Catalogue(MetadataStore* store, ChunkStore* chunks, std::unique_ptr<Journal> journal, const Clock& clock)
    : store_(store),
      journal_(std::move(journal)),
      content_(store, chunks, clock),
      reader_(store),
      publisher_(store, &content_, journal_.get()),
      garbage_(store, &content_, clock) {}

}  // namespace plumb
