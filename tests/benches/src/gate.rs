//! `decide` beside two policy engines that answer "may it go ahead?" by the same rules for the same people.

use cedar_policy::{Authorizer, Context, Entities, PolicySet, Request};
use pforte_gate::cases::scale::{NOW, Rule, Someone, cedar_with, people, policy_with, rego_with, rule};
use pforte_gate::{Decision, Facts, Policy, decide};
use regorus::{CompiledPolicy, Engine, Value};

use crate::measure::{Contender, in_turns};
use crate::table::Table;

const SIZES: [usize; 3] = [10, 200, 2000];

/// How many different questions are asked in turn.
const QUESTIONS: usize = 64;

/// One question, ready for each engine: nothing but the decision is measured.
struct Question {
    rule: Rule,
    facts: Facts,
    request: Request,
    input: Value,
    expected: bool,
}

impl Question {
    fn new(someone: &Someone, rule: Rule) -> Self {
        let entity = |kind: &str, id: &str| format!("{kind}::\"{id}\"").parse().unwrap();
        let context = Context::from_json_str(&someone.context(), None).unwrap();
        let (person, action) = (entity("Person", "visitor"), entity("Action", "enter"));
        let resource = entity("Touchpoint", &rule.touchpoint);
        let input = format!("{{\"touchpoint\":{:?},\"person\":{}}}", rule.touchpoint, someone.context());
        Self {
            facts: someone.facts(),
            request: Request::new(person, action, resource, context, None).unwrap(),
            input: Value::from_json_str(&input).unwrap(),
            expected: someone.may_pass(&rule),
            rule,
        }
    }
}

pub fn run() {
    let mut table = Table::new("pforte-gate");
    for size in SIZES {
        let policy = Policy::parse(&policy_with(size)).unwrap();
        let cedar: PolicySet = cedar_with(size).parse().unwrap();
        let (authorizer, entities) = (Authorizer::new(), Entities::empty());
        let rego = compiled(size);

        let ours = |question: &Question| {
            matches!(decide(&policy, &question.rule.touchpoint, &question.facts, NOW), Decision::Clear(_))
        };
        let cedars = |question: &Question| {
            let response = authorizer.is_authorized(&question.request, &cedar, &entities);
            response.decision() == cedar_policy::Decision::Allow
        };
        let regos =
            |question: &Question| rego.eval_with_input(question.input.clone()).unwrap() == Value::Bool(true);

        let (mut asked, mut passed) = (0, 0);
        for someone in people(20) {
            // Every touchpoint of a small policy, every seventh of a large one.
            for number in (0..size).step_by(if size > 1000 { 7 } else { 1 }) {
                let question = Question::new(&someone, rule(number));
                let answers = [ours(&question), cedars(&question), regos(&question)];
                assert_eq!(answers, [question.expected; 3], "{:?} {someone:?}", question.rule);
                asked += 1;
                passed += usize::from(question.expected);
            }
        }
        println!("{size} touchpoints: all three agree on {asked} questions, {passed} of them yes");

        let everybody = people(20);
        let questions: Vec<Question> =
            (0..QUESTIONS).map(|n| Question::new(&everybody[n * 7 % 20], rule(n * 31 % size))).collect();
        let asking = |answer: &dyn Fn(&Question) -> bool, at: &mut usize| {
            *at = (*at + 1) % QUESTIONS;
            answer(&questions[*at])
        };
        let (mut a, mut b, mut c) = (0, 0, 0);
        let figures = in_turns(vec![
            Contender::new("pforte-gate", || asking(&ours, &mut a)),
            Contender::new("cedar-policy 4.14.1", || asking(&cedars, &mut b)),
            Contender::new("regorus 0.14.1", || asking(&regos, &mut c)),
        ]);
        table.add(&format!("decide, {size} touchpoints"), &figures);
    }
    table.print(
        "The gate: one decision. Ours also says which question comes next; the peers say yes or no. Policies and \
         facts are read beforehand.",
    );
}

fn compiled(size: usize) -> CompiledPolicy {
    let mut engine = Engine::new();
    engine.add_policy("pforte.rego".to_owned(), rego_with(size)).unwrap();
    engine.compile_with_entrypoint(&"data.pforte.allow".into()).unwrap()
}
