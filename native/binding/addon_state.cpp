#include "binding/addon_state.h"

namespace cosimo::binding {

std::shared_ptr<AddonState> AddonState::of(Napi::Env env) {
  using Holder = std::shared_ptr<AddonState>;
  if (auto* holder = env.GetInstanceData<Holder>()) return *holder;
  auto state = std::make_shared<AddonState>(env);
  env.SetInstanceData(new Holder(state));
  // Hooks run last in, first out: this one runs before the hook of the thread-safe function, which was made
  // just above.
  env.AddCleanupHook([state] { state->shut_down(); });
  return state;
}

ThreadPool& AddonState::json_pool() {
  if (!json_pool_) json_pool_ = std::make_unique<ThreadPool>(1);
  return *json_pool_;
}

ThreadPool& AddonState::loading_pool() {
  if (!loading_pool_) loading_pool_ = std::make_unique<ThreadPool>(1);
  return *loading_pool_;
}

void AddonState::shut_down() noexcept {
  for (Searcher* searcher : searchers_) searcher->stop();
  for (TransformerEncoder* encoder : encoders_) encoder->stop();
  if (json_pool_) json_pool_->join();
  if (loading_pool_) loading_pool_->join();
  calls_.shut_down();
}

}  // namespace cosimo::binding
