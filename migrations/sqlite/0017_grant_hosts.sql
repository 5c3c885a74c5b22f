-- Where a provider's adapter may send requests to, as the operator has granted it: {"baseUrl": "…", "hosts": ["…"]}. What another
-- version of the adapter names besides is not granted by its being loaded. Null until the first start that has an adapter for it.
alter table providers add column granted text;
