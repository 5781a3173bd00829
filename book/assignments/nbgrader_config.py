"""How nbgrader turns source/ into release/; `python -m classroom` reads it."""

c = get_config()  # noqa: F821  (traitlets puts it there)

c.CourseDirectory.course_id = "sgd_dynamics"

# What stands where a solution was.
c.ClearSolutions.code_stub = {
    "python": 'raise NotImplementedError("write your code here")'
}
c.ClearSolutions.text_stub = "*Write your answer here.*"
