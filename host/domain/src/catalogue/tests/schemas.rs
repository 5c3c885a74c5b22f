//! The published schemas, checked by an implementation that is not ours.

use serde_json::{Map, Value, json};

use super::super::{Family, all, example, parse, schema};

fn validator(family: &Family) -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema(family)).unwrap()
}

/// Canonical parameters alone: the schema says nothing of the type.
fn without_type(mut task: Map<String, Value>) -> Value {
    task.remove("type");
    Value::Object(task)
}

#[test]
fn every_schema_is_one() {
    for family in all() {
        assert!(jsonschema::meta::is_valid(&schema(family)), "{}", family.name);
    }
}

#[test]
fn the_smallest_task_and_its_canonical_form_fit() {
    for family in all() {
        let (schema, task) = (validator(family), example(family));
        let canonical = Value::Object(parse(&task).unwrap().parameters);
        for parameters in [without_type(task), canonical] {
            assert!(schema.is_valid(&parameters), "{}: {:?}", family.name, schema.validate(&parameters).err());
        }
    }
}

#[test]
fn a_task_with_every_parameter_fits_and_is_read_as_it_stands() {
    for family in all() {
        let mut task = example(family);
        task.extend(family.fields.iter().map(|field| (field.name.to_owned(), example::value(field))));
        let parameters = without_type(task.clone());
        let schema = validator(family);
        assert!(schema.is_valid(&parameters), "{}: {:?}", family.name, schema.validate(&parameters).err());
        if family.name == "turnstile" {
            // Action, cData and page data together mean the challenge page.
            task.remove("pageData");
        }
        let read = parse(&task).unwrap();
        assert_eq!((read.family.name, Value::Object(read.parameters)), (family.name, without_type(task)));
    }
}

#[test]
fn what_is_missing_or_unknown_does_not_fit() {
    for family in all().iter().filter(|family| !family.passes_through) {
        let schema = validator(family);
        let whole = without_type(example(family));
        for name in whole.as_object().unwrap().keys() {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(!schema.is_valid(&less), "{} without {name}", family.name);
        }
        let mut more = whole;
        more["noSuchParameter"] = json!(1);
        assert!(!schema.is_valid(&more), "{}", family.name);
    }
}

#[test]
fn values_out_of_range_do_not_fit() {
    for family in all() {
        let schema = validator(family);
        for field in family.fields {
            let mut task = without_type(example(family));
            task[field.name] = json!({"not": ["such", "a", "value"]});
            let is_object = field.kind == super::super::Kind::Object;
            assert_eq!(schema.is_valid(&task), is_object, "{}.{}", family.name, field.name);
        }
    }
}
