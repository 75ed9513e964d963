// Makes releases.
#ifndef PLUMB_REGISTRY_CATALOGUE_PUBLISHER_H_
#define PLUMB_REGISTRY_CATALOGUE_PUBLISHER_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/journal.h"
#include "registry/catalogue/name_clash.h"

namespace plumb {

// Thread-safe.
class Publisher {
 public:
  struct Result {
    v1::Release release;
    bool existed = false;
  };

  // All must outlive the object.
  Publisher(MetadataStore* store, Content* content, Journal* journal)
      : store_(store), content_(content), journal_(journal) {}

  // Makes the release that `manifest` describes visible, once everything it names is present. Chunks were hashed when
  // they came, and the tree root of a file pins them; its SHA-256 over all bytes is the publisher's
  // statement, which fsck checks. The parent need not be here.
  //   INVALID_ARGUMENT     the manifest breaks a rule, or disagrees with the content
  //   ALREADY_EXISTS       the version is taken by another manifest, or, unless `clash` allows it, called as a tag
  //   FAILED_PRECONDITION  content is missing; the payload MissingContent::kPayloadUrl says which
  absl::StatusOr<Result> Commit(StoredManifest manifest, const std::string& actor,
                                NameClash clash = NameClash::kRefuse);

 private:
  absl::Status CheckAllPresent(const v1::Manifest& manifest) const;
  absl::Status MarkLive(const v1::Manifest& manifest);
  absl::StatusOr<Result> MakeVisible(const StoredManifest& stored, const std::string& actor, NameClash clash);

  MetadataStore* const store_;
  Content* const content_;
  Journal* const journal_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_PUBLISHER_H_
