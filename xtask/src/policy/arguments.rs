//! The words after `cargo xtask policy`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pforte_gate::{Age, Event, Policy, StepKind, Visitor};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    Lint,
    Explain,
    Simulate,
}

#[derive(Debug)]
pub struct Arguments {
    pub task: Task,
    pub folder: PathBuf,
    /// Touchpoints or events.
    pub words: Vec<String>,
    pub json: bool,
    pub html: Option<PathBuf>,
    pub locale: Option<String>,
    accepts: String,
    declines: Vec<String>,
    age: Age,
}

impl Arguments {
    pub fn read(words: &[String]) -> Result<Self, String> {
        let mut plain = Vec::new();
        let mut arguments = Self {
            task: Task::Lint,
            folder: PathBuf::new(),
            words: Vec::new(),
            json: false,
            html: None,
            locale: None,
            accepts: "all".to_owned(),
            declines: Vec::new(),
            age: Age::Over,
        };
        let mut only_simulate = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--") else {
                plain.push(word.clone());
                continue;
            };
            if option == "json" {
                arguments.json = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} needs a value."))?.clone();
            match option {
                "locale" => arguments.locale = Some(value),
                "html" => arguments.html = Some(value.into()),
                "accepts" => arguments.accepts = value,
                "declines" => arguments.declines = value.split(',').map(str::to_owned).collect(),
                "age" if value == "over" => arguments.age = Age::Over,
                "age" if value == "under" => arguments.age = Age::Under,
                "age" => return Err(format!("--age is over or under, not {value}.")),
                _ => return Err(format!("There is no option {word}.")),
            }
            if option != "locale" {
                only_simulate = Some(word);
            }
        }
        let mut plain = plain.into_iter();
        arguments.task = match plain.next().as_deref() {
            Some("lint") => Task::Lint,
            Some("explain") => Task::Explain,
            Some("simulate") => Task::Simulate,
            Some(other) => return Err(format!("There is no `policy {other}`.")),
            None => return Err("What shall be done with the policy?".to_owned()),
        };
        arguments.folder = plain.next().ok_or("Which folder is the policy in?")?.into();
        arguments.words = plain.collect();
        if let Some(option) = only_simulate.filter(|_| arguments.task != Task::Simulate) {
            return Err(format!("{option} is for simulate only."));
        }
        if arguments.task == Task::Lint && !arguments.words.is_empty() {
            return Err("lint looks at the whole policy; leave out the touchpoints.".to_owned());
        }
        Ok(arguments)
    }

    /// What happens on the walk.
    pub fn events(&self, policy: &Policy) -> Result<Vec<Event>, String> {
        if self.words.is_empty() {
            return Ok(policy
                .touchpoints()
                .iter()
                .map(|touchpoint| Event::Enter(touchpoint.id.clone()))
                .collect());
        }
        self.words
            .iter()
            .map(|word| Event::read(policy, word).map_err(|unknown| format!("{unknown}.")))
            .collect()
    }

    pub fn visitor(&self, policy: &Policy) -> Result<Visitor, String> {
        let mut visitor = Visitor { age: self.age, ..Visitor::agreeable(policy) };
        match self.accepts.as_str() {
            "all" => {}
            "none" => visitor.agrees.clear(),
            purposes => {
                visitor.agrees = purposes.split(',').map(str::to_owned).collect();
                if let Some(unknown) = visitor.agrees.iter().find(|id| policy.purpose(id).is_none()) {
                    return Err(format!("--accepts: the policy has no purpose {unknown}."));
                }
            }
        }
        visitor.declines = self.declines.iter().map(|word| kind(word)).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(visitor)
    }
}

fn kind(word: &str) -> Result<StepKind, String> {
    StepKind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| {
        let all = StepKind::ALL.map(StepKind::as_str).join(", ");
        format!("--declines: there is no ask {word}; there are {all}.")
    })
}
