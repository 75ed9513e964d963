// Messages as values of the metadata store.
#ifndef PLUMB_REGISTRY_CATALOGUE_RECORDS_H_
#define PLUMB_REGISTRY_CATALOGUE_RECORDS_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Reads a stored message. DATA_LOSS naming `what` when it cannot be parsed.
template <typename Message>
absl::StatusOr<Message> ParseRecord(std::string_view bytes, std::string_view what) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss(fmt::format("the record of {} cannot be read", what));
  }
  return message;
}

// The message under `key`; no value when the key is absent.
template <typename Message>
absl::StatusOr<std::optional<Message>> FindRecord(const MetadataStore& store, std::string_view key,
                                                  std::string_view what) {
  absl::StatusOr<std::string> bytes = store.Get(key);
  if (absl::IsNotFound(bytes.status())) return std::optional<Message>();
  if (!bytes.ok()) return bytes.status();
  PLUMB_ASSIGN_OR_RETURN(Message message, ParseRecord<Message>(*bytes, what));
  return std::optional<Message>(std::move(message));
}

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_RECORDS_H_
