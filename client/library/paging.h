// Fetching a list to its end.
#ifndef PLUMB_CLIENT_LIBRARY_PAGING_H_
#define PLUMB_CLIENT_LIBRARY_PAGING_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/rpc/channel.h"
#include "plumb/base/status.h"

namespace plumb {

// Calls `method` page by page and gathers what `items(&response)`, a mutable repeated field, holds.
// A server that hands out the same page token twice in a row is an error, not an endless loop.
template <typename Item, typename Stub, typename Request, typename Response, typename Items>
absl::StatusOr<std::vector<Item>> FetchAll(rpc::Channel& channel, Stub& stub,
                                           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                                        Response*),
                                           Request request, Items items) {
  std::vector<Item> gathered;
  while (true) {
    PLUMB_ASSIGN_OR_RETURN(Response response, channel.Call(stub, method, request));
    for (Item& item : *items(&response)) gathered.push_back(std::move(item));
    if (response.next_page_token().empty()) return gathered;
    if (response.next_page_token() == request.page().page_token()) {
      return Internal("the registry repeats a page of a list");
    }
    request.mutable_page()->set_page_token(response.next_page_token());
  }
}

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PAGING_H_
