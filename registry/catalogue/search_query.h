// What a search asks for.
#ifndef PLUMB_REGISTRY_CATALOGUE_SEARCH_QUERY_H_
#define PLUMB_REGISTRY_CATALOGUE_SEARCH_QUERY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

// Words that must all occur in what the catalogue knows of a model. `field:text` looks in one field; where the part
// before the colon is no field's name, the whole is a word like any other. Case does not matter. An immutable value.
class SearchQuery {
 public:
  // INVALID_ARGUMENT without words, or with too many.
  static absl::StatusOr<SearchQuery> Parse(std::string_view text);

  bool Matches(const v1::Model& model) const;

 private:
  struct Term {
    std::string field;  // Empty: any.
    std::string text;
  };
  std::vector<Term> terms_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_SEARCH_QUERY_H_
