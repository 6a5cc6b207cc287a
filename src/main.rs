//! The program `landfall`: starts the commands of the library and passes their exit code on.

fn main() -> std::process::ExitCode {
    landfall::cli::main()
}
