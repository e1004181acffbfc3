"""The control plane of experiments, below `/api/v1/`."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    MemberAuthentication,
)
from apps.kit.errors import NotFoundError
from apps.router import experiment_services
from apps.router.experiment_models import Experiment
from apps.router.experiment_queries import experiments, get_experiment, results
from apps.router.experiment_serializers import (
    ExperimentDetailSerializer,
    ExperimentListSerializer,
    NewExperimentSerializer,
)

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE: Final = "aliases:manage"
# What can be done with one, by the last part of its address.
ACTS: Final[dict[str, Callable[[UUID], Experiment]]] = {
    "start": experiment_services.start_experiment,
    "stop": experiment_services.stop_experiment,
    "promote": experiment_services.promote,
    "undo": experiment_services.undo_promotion,
}


class ExperimentsView(APIView):
    """`/api/v1/experiments`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "aliases.read", "POST": "policy.manage"}

    @extend_schema(operation_id="list_experiments", responses=ExperimentListSerializer)
    def get(self, request: Request) -> Response:
        return Response(ExperimentListSerializer({"data": experiments()}).data)

    @extend_schema(
        operation_id="create_experiment",
        request=NewExperimentSerializer,
        responses={201: ExperimentDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a draft; nothing takes part before it is started."""
        asked = NewExperimentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = experiment_services.NewExperiment(**asked.validated_data)
        experiment = experiment_services.create_experiment(wanted)
        return _answer(experiment, status=status.HTTP_201_CREATED)


class ExperimentView(APIView):
    """`/api/v1/experiments/{id}`: read with its results, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "aliases.read", "DELETE": "policy.manage"}

    @extend_schema(operation_id="read_experiment", responses=ExperimentDetailSerializer)
    def get(self, request: Request, experiment_id: UUID) -> Response:
        return _answer(get_experiment(experiment_id))

    @extend_schema(operation_id="delete_experiment", responses={204: None})
    def delete(self, request: Request, experiment_id: UUID) -> Response:
        """Remove one that does not run; its requests stay in the ledger."""
        experiment_services.delete_experiment(experiment_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExperimentActView(APIView):
    """`/api/v1/experiments/{id}/{start|stop|promote|undo}`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "policy.manage"}

    @extend_schema(
        operation_id="change_experiment",
        request=None,
        responses=ExperimentDetailSerializer,
    )
    def post(self, request: Request, experiment_id: UUID, act: str) -> Response:
        """Start it, stop it, make its candidate the alias's model, or undo that."""
        if act not in ACTS:
            raise NotFoundError("There is no such act.")
        ACTS[act](experiment_id)
        return _answer(get_experiment(experiment_id))


def _answer(experiment: Experiment, *, status: int = status.HTTP_200_OK) -> Response:
    found = results(experiment)
    shown = ExperimentDetailSerializer(_Detailed(experiment, found))
    return Response(shown.data, status=status)


class _Detailed:
    """An experiment with its results, as the serializer reads it."""

    def __init__(self, experiment: Experiment, found: object) -> None:
        self._experiment = experiment
        self.results = found

    def __getattr__(self, name: str) -> object:
        return getattr(self._experiment, name)
