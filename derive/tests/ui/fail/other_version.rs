// The first line of a module that another version of codelibra-build generated.
::codelibra::__private::generated_by!("0.0.9");

fn main() {}
