// The registry's domain in one object, free of any transport.
#ifndef PLUMB_REGISTRY_CATALOGUE_CATALOGUE_H_
#define PLUMB_REGISTRY_CATALOGUE_CATALOGUE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/garbage.h"
#include "registry/catalogue/journal.h"
#include "registry/catalogue/publisher.h"
#include "registry/catalogue/reader.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Ties the parts to one pair of stores. Thread-safe.
class Catalogue {
 public:
  // Both stores must outlive the catalogue. Finishes what a crash left undone.
  static absl::StatusOr<std::unique_ptr<Catalogue>> New(MetadataStore* store, ChunkStore* chunks, Clock clock);

  MetadataStore& store() { return *store_; }
  Content& content() { return content_; }
  Journal& journal() { return *journal_; }
  Reader& reader() { return reader_; }
  Publisher& publisher() { return publisher_; }
  GarbageCollector& garbage() { return garbage_; }

 private:
  Catalogue(MetadataStore* store, ChunkStore* chunks, std::unique_ptr<Journal> journal, const Clock& clock);

  MetadataStore* const store_;
  std::unique_ptr<Journal> journal_;
  Content content_;
  Reader reader_;
  Publisher publisher_;
  GarbageCollector garbage_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_CATALOGUE_H_
