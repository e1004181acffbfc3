"""Templates of the quick start: what a usual use case needs, how large its calls are.

The token averages are assumptions, and said to be wherever they show, until the
customer types others or the router has measured them.
"""

from dataclasses import dataclass
from typing import Any, Final

from apps.catalog.domains import Task
from apps.portfolio.models import Capability, Function, Need, Product


@dataclass(frozen=True, slots=True)
class Template:
    """One usual use case."""

    slug: str
    name: str
    says: str
    category: str
    function: str
    use_case: str
    task: Task
    needs: tuple[str, ...]
    capabilities: tuple[str, ...]
    required_context: int
    input_tokens: int
    output_tokens: int
    # What the averages assume a call to consist of.
    assumes: str
    quality_need: str = Function.QualityNeed.GOOD
    latency_need_ms: int | None = None

    @property
    def note(self) -> str:
        return f"{self.name} template: {self.assumes}"

    def fields(self) -> dict[str, Any]:
        """The fields of a use case that the template knows."""
        return {
            "needs": list(self.needs),
            "capabilities": list(self.capabilities),
            "required_context": self.required_context,
        }


_CATEGORY = Product.Category
TEMPLATES: Final = (
    Template(
        slug="support-chatbot",
        name="Support chatbot",
        says="Answers customers, looks things up with tools, hands over to people.",
        category=_CATEGORY.CHATBOT,
        function="Customer support",
        use_case="Answer customers",
        task=Task.CHAT,
        needs=(Need.COST, Need.QUALITY, Need.SPEED),
        capabilities=(Capability.TOOLS, Capability.STREAMING),
        required_context=16_384,
        input_tokens=1_500,
        output_tokens=250,
        assumes="instructions of 800 tokens, four earlier turns, a short answer",
        latency_need_ms=2_000,
    ),
    Template(
        slug="rag-search",
        name="RAG search",
        says="Answers from passages that were found in your documents.",
        category=_CATEGORY.COPILOT,
        function="Search",
        use_case="Answer from documents",
        task=Task.CHAT,
        needs=(Need.QUALITY, Need.COST, Need.CONTEXT),
        capabilities=(Capability.STREAMING,),
        required_context=16_384,
        input_tokens=4_000,
        output_tokens=300,
        assumes="eight passages of 450 tokens, a question, an answer with sources",
        latency_need_ms=3_000,
    ),
    Template(
        slug="code-assistant",
        name="Code assistant",
        says="Writes and changes code beside a developer.",
        category=_CATEGORY.COPILOT,
        function="Engineering",
        use_case="Help developers",
        task=Task.CODING,
        needs=(Need.QUALITY, Need.SPEED, Need.COST),
        capabilities=(Capability.TOOLS, Capability.STREAMING),
        required_context=65_536,
        input_tokens=6_000,
        output_tokens=700,
        assumes="some open files, their neighbours, and a change of 60 lines",
        quality_need=Function.QualityNeed.BEST,
    ),
    Template(
        slug="summarizer",
        name="Summarizer",
        says="Turns long texts, calls or tickets into short ones.",
        category=_CATEGORY.AUTOMATION,
        function="Summaries",
        use_case="Summarize texts",
        task=Task.SUMMARIZATION,
        needs=(Need.COST, Need.QUALITY, Need.CONTEXT),
        capabilities=(),
        required_context=32_768,
        input_tokens=6_000,
        output_tokens=400,
        assumes="a text of eight pages and half a page of summary",
    ),
    Template(
        slug="classifier",
        name="Classifier",
        says="Sorts messages, tags records, extracts fields as JSON.",
        category=_CATEGORY.AUTOMATION,
        function="Sorting",
        use_case="Sort messages",
        task=Task.CHAT,
        needs=(Need.COST, Need.SPEED, Need.QUALITY),
        capabilities=(Capability.JSON,),
        required_context=4_096,
        input_tokens=500,
        output_tokens=30,
        assumes="a list of labels, one message, a small JSON object",
        quality_need=Function.QualityNeed.ACCEPTABLE,
        latency_need_ms=1_000,
    ),
    Template(
        slug="agent",
        name="Agent",
        says="Works in steps with tools until the task is done; a call is one step.",
        category=_CATEGORY.AGENT,
        function="Agent",
        use_case="Work in steps",
        task=Task.AGENT_STEP,
        needs=(Need.QUALITY, Need.COST, Need.SPEED),
        capabilities=(Capability.TOOLS, Capability.JSON),
        required_context=65_536,
        input_tokens=8_000,
        output_tokens=350,
        assumes="tool definitions, ten earlier steps, one tool call",
        quality_need=Function.QualityNeed.BEST,
    ),
)
BY_SLUG: Final = {template.slug: template for template in TEMPLATES}
