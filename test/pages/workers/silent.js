// Never answers.
