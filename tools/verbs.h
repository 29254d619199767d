// The verbs of the octet command: each adds itself to the app, in a file of its own name.
#pragma once

#include <CLI/CLI.hpp>

namespace octet::tools {

void add_info(CLI::App& app, int& exit_code);
void add_shapes(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_tune(CLI::App& app, int& exit_code);
void add_compare(CLI::App& app, int& exit_code);
void add_db(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_worker(CLI::App& app, int& exit_code);  // hidden: the child process of tune

}  // namespace octet::tools
