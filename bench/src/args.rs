//! The command line.

use crate::Outcome;

pub(crate) const USAGE: &str = "usage: bench [--quick] [--rows TEXT] [--runs N]\n       \
    bench compile [RUNS]\n\n\
    --quick      few runs, to check that it works and not to measure\n\
    --rows TEXT  only the rows with TEXT in their first column\n\
    --runs N     how often the large rows run; small ones run more often (15)";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Table(Options),
    Compile { runs: usize },
    Help,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) rows: Option<String>,
    pub(crate) runs: usize,
}

impl Options {
    /// Returns how often to run something that may run `times` times as often as the large rows.
    pub(crate) fn runs(&self, times: usize) -> usize {
        if self.quick { 3 } else { self.runs * times }
    }
}

pub(crate) fn read(words: impl IntoIterator<Item = String>) -> Outcome<Command> {
    let mut words = words.into_iter();
    let mut options = Options { quick: false, rows: None, runs: 15 };
    let mut first = true;
    while let Some(word) = words.next() {
        match word.as_str() {
            "compile" if first => {
                let runs = words.next().map_or(Ok(7), |runs| number(&runs))?;
                return match words.next() {
                    None => Ok(Command::Compile { runs }),
                    Some(word) => Err(format!("unexpected argument `{word}`\n{USAGE}").into()),
                };
            }
            "--help" | "-h" => return Ok(Command::Help),
            "--quick" => options.quick = true,
            "--rows" => options.rows = Some(words.next().ok_or("--rows needs a text")?),
            "--runs" => options.runs = number(&words.next().ok_or("--runs needs a number")?)?,
            _ => return Err(format!("unknown argument `{word}`\n{USAGE}").into()),
        }
        first = false;
    }
    Ok(Command::Table(options))
}

fn number(word: &str) -> Outcome<usize> {
    match word.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{word}` is not a number of runs").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Outcome<Command> {
        super::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn without_a_command_it_prints_the_table() {
        let Ok(Command::Table(options)) = read("--rows load --runs 3") else { panic!("a table") };
        assert_eq!((options.rows.as_deref(), options.runs(2)), (Some("load"), 6));
        assert!(matches!(read("--quick"), Ok(Command::Table(options)) if options.runs(9) == 3));
        assert!(matches!(read("compile"), Ok(Command::Compile { runs: 7 })));
        assert!(matches!(read("compile 2"), Ok(Command::Compile { runs: 2 })));
    }

    #[test]
    fn mistakes_are_named() {
        for line in ["compile 0", "compile 1 2", "--runs", "--runs x", "--rows", "tables"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
